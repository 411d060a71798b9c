// First-order training of a network on data: one step is one epoch, in mini-batches or the full
// batch.
#pragma once

#include <numeric>

#include "fastopt/core/pieces.hpp"
#include "fastopt/core/random.hpp"
#include "fastopt/network/network.hpp"
#include "fastopt/objective/batch_gradient.hpp"
#include "fastopt/objective/l1_penalty.hpp"
#include "fastopt/solver/solver.hpp"
#include "fastopt/update/clip.hpp"
#include "fastopt/update/updater.hpp"

FASTOPT_BEGIN

struct EpochOptions {
  Index batch_size = 0;  // the number of samples, or more: full batch
  bool shuffle = true;
  std::uint64_t seed = 0;
  double l2 = 0, l1 = 0;
  Clip clip;
  bool gradient_norm = false;  // whether reports tell it: over all data, after the step
  bool can_undo = false;       // full batch: keep what undo() and loss_before() need
};

template <class Scalar>
class Epoch final : public Solver {
 public:
  Epoch(Network<Scalar>& network, Dataset data, Loss<Scalar> loss, std::unique_ptr<Rule> rule,
        double weight_decay, EpochOptions options)
      : net_(network),
        data_(std::move(data)),
        options_(options),
        free_(network.free),
        n_(free_.all() ? network.architecture.n_parameters : free_.size()),
        batch_(std::min(options.batch_size, data_.size())),
        full_batch_(batch_ == data_.size()),
        joins_last_(network.architecture.uses_batch() && data_.size() % batch_ == 1),
        gradient_of_(network.architecture, data_, std::move(loss), options.l2,
                     options.gradient_norm ? data_.size() : batch_ + (joins_last_ ? 1 : 0),
                     options.l1),
        updater_(std::move(rule), weight_decay,
                 free_.all() ? network.architecture.segments : free_.segments(), n_),
        gradient_(n_),
        whole_gradient_(free_.all() ? 0 : network.architecture.n_parameters),
        free_weights_(free_.all() ? 0 : n_),
        before_(options.l1 > 0 ? n_ : 0),
        l1_(penalty()),
        start_(network.parameters),
        start_statistics_(network.statistics),
        best_(network.parameters),
        best_statistics_(network.statistics),
        first_(network.parameters),
        first_statistics_(network.statistics),
        undo_(options.can_undo ? n_ : 0),
        known_at_(full_batch_ || options.gradient_norm ? network.parameters.size() : 0),
        order_(full_batch_ ? 0 : static_cast<std::size_t>(data_.size())) {
    if (network.architecture.uses_batch() && batch_ == 1)
      throw std::invalid_argument(
          "batch normalisation has nothing to average in a batch of one sample");
  }

  Index iterations_per_epoch() const {
    return (data_.size() + batch_ - 1) / batch_ - (joins_last_ ? 1 : 0);
  }

  // All updates of the weights, those of an epoch that was broken off too.
  std::int64_t updates() const { return updater_.iteration(); }

  // η of each iteration of the coming epoch.
  void set_learning_rates(std::vector<double> rates) {
    if (static_cast<Index>(rates.size()) != iterations_per_epoch())
      throw std::invalid_argument("one learning rate is needed for each iteration of an epoch");
    rates_ = std::move(rates);
  }

  Report step() override {
    if (rates_.empty()) throw std::logic_error("learning rates have not been set");
    copy_pieces(net_.parameters, start_);
    start_statistics_.copy_from(net_.statistics);
    updater_.save(start_state_);
    can_rewind_ = true;
    start_epoch_ = epoch_;
    clipped_ = 0;
    Report report = full_batch_ ? iteration() : mini_batches();
    report.learning_rate = rates_.back();
    if (options_.clip.kind != ClipKind::none)
      report.clipped = static_cast<double>(clipped_) / static_cast<double>(iterations_per_epoch());
    if (options_.gradient_norm && std::isfinite(report.loss)) {
      if (!known()) evaluate();
      report.gradient_norm = norm(gradient_.data(), n_);
    }
    report.step_norm = distance(w(), start_.data(), start_.size());
    report.iterations = updater_.iteration();
    report.n_gradient = n_gradient_;
    report.n_value = n_value_;
    ++epoch_;
    keep_best(report);
    return report;
  }

  // Full batch: back to the weights before the last step, with the rule's state reset. Returns
  // what the step, which `report` tells of, comes to then; undone once more, it comes to the same.
  Report undo(Report report) {
    if (!options_.can_undo) throw std::logic_error("this solver does not keep what undo needs");
    restore_previous();
    updater_.reset();
    if (updater_.rule().looks_ahead() || net_.architecture.uses_batch() ||
        net_.architecture.drops()) {
      // The gradient there is gone, or belongs to other masks or statistics.
      loss_ = undo_loss_;
      known_at_.copy_from(net_.parameters);
      known_ = false;
    } else {
      remember(undo_loss_, undo_);
    }
    report.status = Status::running;
    report.loss = loss_;
    report.step_norm = 0;
    if (options_.gradient_norm) {
      if (!known()) {
        choose_masks();
        gradient_at(data_.order(), 0, data_.size());
        ++n_gradient_;
      }
      report.gradient_norm = norm(gradient_.data(), n_);
    }
    return report;
  }

  // As if the last step, whole or broken off, had not begun: weights, statistics, the rule's state.
  // Not after a visit, which gives the memory for it back.
  void rewind() {
    if (!can_rewind_) throw std::logic_error("there is no step to take back");
    restore_previous();
    updater_.restore(start_state_);
    epoch_ = start_epoch_;
    known_ = evaluated_ = false;
  }

  // Full batch: the loss before the last step.
  double loss_before() const { return undo_loss_; }

  // The weights after the best epoch so far, or those from the start where no epoch was finite.
  void restore_best() {
    net_.parameters.copy_from(best_);
    net_.statistics.copy_from(best_statistics_);
  }
  // Those from the start. The loss by which mini-batches choose the best epoch is a mean over
  // weights on the way: which of the two is better, an evaluation tells.
  void restore_first() {
    net_.parameters.copy_from(first_);
    net_.statistics.copy_from(first_statistics_);
  }
  // Those before the last step.
  void restore_previous() {
    net_.parameters.copy_from(start_);
    net_.statistics.copy_from(start_statistics_);
  }

  // The weights and the running statistics belong to the network.
  void visit(StateVisitor& visitor) override {
    start_state_ = {};  // so that a copy of the state takes no more at a time than a step does
    can_rewind_ = false;
    visitor.count("epoch", epoch_);
    visitor.number("best_loss", best_loss_, Allowed::not_nan);
    const std::int64_t updates = updater_.iteration();
    updater_.visit(visitor);
    if (updates != updater_.iteration()) known_ = evaluated_ = false;  // masks are of another one
  }

 private:
  // While the rule's gradient is taken ahead of w, the network holds the look-ahead point; it gets
  // w back however the epoch ends, and to the bit where there was no update.
  class LookAhead {
   public:
    explicit LookAhead(Epoch& epoch) : epoch_(epoch), iteration_(epoch.updater_.iteration()) {
      move(1);
    }
    ~LookAhead() {
      if (epoch_.updater_.iteration() == iteration_)
        epoch_.net_.parameters.copy_from(epoch_.start_);
      else
        move(-1);
    }
    LookAhead(const LookAhead&) = delete;
    LookAhead& operator=(const LookAhead&) = delete;

   private:
    void move(double sign) {
      if (!epoch_.updater_.rule().looks_ahead()) return;
      epoch_.updater_.look_ahead(epoch_.take_free(), sign);
      epoch_.give_free();
    }

    Epoch& epoch_;
    std::int64_t iteration_;
  };

  Scalar* w() { return net_.parameters.data(); }
  // The weights that are free, as one vector; and back from there.
  Scalar* take_free() {
    if (free_.all()) return w();
    free_.gather(w(), free_weights_.data());
    return free_weights_.data();
  }
  void give_free() {
    if (!free_.all()) free_.scatter(free_weights_.data(), w());
  }

  // l1 for each free variable, as often as the weights that stand for it.
  L1Penalty<Scalar> penalty() const {
    const Buffer<double> of_all =
        l1_of_weights(options_.l1, net_.architecture.segments, net_.parameters.size());
    if (free_.all() || of_all.size() == 0) return L1Penalty<Scalar>(of_all);
    Buffer<double> lambda(n_);
    free_.pull_back(of_all.data(), lambda.data());
    return L1Penalty<Scalar>(lambda);
  }

  // E of samples and, in gradient_, its (sub)gradient by the free weights.
  double gradient_at(const std::uint32_t* order, Index first, Index count) {
    Scalar* whole = free_.all() ? gradient_.data() : whole_gradient_.data();
    const double loss = gradient_of_(w(), order, first, count, whole);
    if (!free_.all()) free_.pull_back(whole, gradient_.data());
    if (l1_.there()) l1_.add_subgradient(take_free(), gradient_.data());
    return loss;
  }

  Report mini_batches() {
    Report report;
    const std::uint32_t* order = data_.order();
    if (options_.shuffle) {
      if (order == nullptr) {
        std::iota(order_.begin(), order_.end(), 0u);
      } else {
        std::copy(order, order + order_.size(), order_.begin());
      }
      fastopt::shuffle(order_, random_stream(options_.seed, Stream::shuffle,
                                             static_cast<std::uint64_t>(epoch_)));
      order = order_.data();
    }
    const LookAhead ahead(*this);
    double loss = 0;
    for (Index k = 0; k < iterations_per_epoch(); ++k) {
      const Index first = k * batch_;
      const bool last = k + 1 == iterations_per_epoch();
      const Index count = last ? data_.size() - first : batch_;
      const double of_batch = update(order, first, count, rates_[static_cast<std::size_t>(k)]);
      loss += of_batch * static_cast<double>(count);
      if (!std::isfinite(of_batch)) {
        report.status = Status::diverged;
        break;
      }
    }
    report.loss = loss / static_cast<double>(data_.size());
    return report;
  }

  // One update of the weights; returns the loss of the batch before it.
  double update(const std::uint32_t* order, Index first, Index count, double learning_rate) {
    Scalar* g = gradient_.data();
    ++n_gradient_;
    known_ = false;
    choose_masks();
    double loss = 0;
    if (options_.clip.kind == ClipKind::none && free_.all() && !l1_.there()) {
      // Each stretch of the weights is updated as soon as its gradient is there.
      loss = gradient_of_(
          w(), order, first, count, g,
          [&] { updater_.begin_step(learning_rate, std::numeric_limits<double>::quiet_NaN()); },
          [&](const Segment& s) { updater_.apply(w(), g, s.offset, s.size, s.shrinks); });
    } else {
      loss = gradient_at(order, first, count);
      take_step(learning_rate, loss);
    }
    if (std::isfinite(loss)) gradient_of_.update_running(net_.statistics.data());
    return loss;
  }

  void take_step(double learning_rate, double loss) {
    Scalar* g = gradient_.data();
    Scalar* u = take_free();
    // A rule that looks ahead keeps another point in place of w, whose side of zero is not that of
    // w.
    const bool by_sides = l1_.there() && !updater_.rule().looks_ahead();
    if (by_sides) std::copy_n(u, n_, before_.begin());
    if (options_.clip.apply(g, n_, updater_.segments())) ++clipped_;
    updater_.step(u, g, learning_rate, loss);
    if (by_sides) l1_.stay_in_orthant(before_.data(), g, u);
    give_free();
  }

  // Full batch. The loss is that after the step; its gradient serves the next one.
  Report iteration() {
    Report report;
    const Index count = data_.size();
    if (updater_.rule().looks_ahead()) {
      if (options_.can_undo) undo_loss_ = evaluated_ && unchanged() ? loss_ : value();
      {
        const LookAhead ahead(*this);
        update(data_.order(), 0, count, rates_[0]);
      }
      loss_ = value();
      known_at_.copy_from(net_.parameters);
      evaluated_ = true;
    } else {
      if (!known()) evaluate();
      if (options_.can_undo) {
        undo_.copy_from(gradient_);
        undo_loss_ = loss_;
      }
      known_ = false;
      take_step(rates_[0], loss_);
      gradient_of_.update_running(net_.statistics.data());
      evaluate();
    }
    report.loss = loss_;
    return report;
  }

  // A gradient's dropout masks belong to the number of updates before it.
  void choose_masks() {
    gradient_of_.drop(options_.seed, static_cast<std::uint64_t>(updater_.iteration()));
  }

  double value() {
    ++n_value_;
    choose_masks();
    return gradient_of_.value(w(), data_.order(), 0, data_.size());
  }

  void evaluate() {
    choose_masks();
    loss_ = gradient_at(data_.order(), 0, data_.size());
    ++n_gradient_;
    remember(loss_, gradient_);
  }

  void remember(double loss, const Buffer<Scalar>& gradient) {
    loss_ = loss;
    if (&gradient != &gradient_) gradient_.copy_from(gradient);
    known_at_.copy_from(net_.parameters);
    known_ = true;
  }
  bool known() const { return known_ && unchanged(); }
  // Between two steps anybody may have changed the weights.
  bool unchanged() const {
    return std::equal(known_at_.begin(), known_at_.end(), net_.parameters.begin());
  }

  void keep_best(Report& report) {
    if (options_.can_undo && !std::isfinite(report.loss)) return;  // for undo() to mend
    // The loss of mini-batches was found before the last update. A step of finite length from
    // finite weights ends at finite ones; of those in between squares may overflow. With a state
    // that is not finite, as where squares of gradients overflow, the weights would stay as they
    // are for ever.
    const bool finite = std::isfinite(report.loss) &&
                        (std::isfinite(report.step_norm) || pieces_finite(net_.parameters)) &&
                        net_.statistics.vector().allFinite() && updater_.is_finite();
    if (!finite) {
      report.status = Status::diverged;
    } else if (report.loss < best_loss_) {
      best_loss_ = report.loss;
      copy_pieces(net_.parameters, best_);
      best_statistics_.copy_from(net_.statistics);
    }
  }

  Network<Scalar>& net_;
  Dataset data_;
  EpochOptions options_;
  const FreeParameters& free_;
  Index n_, batch_;  // n_ weights are free
  bool full_batch_;
  bool joins_last_;  // a last batch of one sample goes with the batch before it
  BatchGradient<Scalar> gradient_of_;
  Updater<Scalar> updater_;
  Buffer<Scalar> gradient_, whole_gradient_, free_weights_, before_;
  L1Penalty<Scalar> l1_;
  Buffer<Scalar> start_, start_statistics_, best_, best_statistics_, first_, first_statistics_,
      undo_, known_at_;
  typename Updater<Scalar>::Saved start_state_;
  std::vector<std::uint32_t> order_;
  std::vector<double> rates_;
  std::int64_t epoch_ = 0, start_epoch_ = 0, n_gradient_ = 0, n_value_ = 0, clipped_ = 0;
  double loss_ = 0, undo_loss_ = 0, best_loss_ = std::numeric_limits<double>::infinity();
  bool can_rewind_ = false;  // whether start_state_ is that before the last step
  bool evaluated_ = false;   // look-ahead rules: whether loss_ is that of known_at_
  bool known_ = false;       // whether loss_ and gradient_ are those of known_at_
};

FASTOPT_END

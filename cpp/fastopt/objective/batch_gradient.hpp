// Loss and gradient of a network on a batch: samples gathered from the user's arrays, forward,
// backward, and the parts of the gradient, each of them in several threads where that pays.
#pragma once

#include <algorithm>

#include "fastopt/core/interruption.hpp"
#include "fastopt/core/norm.hpp"
#include "fastopt/core/thread_pool.hpp"
#include "fastopt/data/dataset.hpp"
#include "fastopt/network/gradient_part.hpp"
#include "fastopt/network/layers.hpp"
#include "fastopt/network/loss.hpp"
#include "fastopt/objective/partition.hpp"

FASTOPT_BEGIN

template <class Scalar>
class BatchGradient {
 public:
  // Workspaces for batches of up to `capacity` samples; larger ones are gone through in pieces,
  // unless something sees a batch whole. Batch normalisation is by the statistics of the batch, and
  // nothing is dropped, until told otherwise.
  // Gradients are without the part of l1, which has none at zero.
  BatchGradient(const Architecture& net, const Dataset& data, Loss<Scalar> loss, double l2,
                Index capacity, double l1 = 0)
      : net_(net),
        data_(data),
        loss_(std::move(loss)),
        l2_(l2),
        l1_(l1),
        capacity_(loss_.needs_whole_batch() || net.uses_batch()
                      ? capacity
                      : std::min(capacity, piece_of(net))),
        pass_(net, capacity_),
        targets_(area(net.outputs(), capacity_)),
        terms_(area(net.outputs(), capacity_)),
        weights_(area(data.weight_columns(), capacity_)),
        flow_norms_(static_cast<std::size_t>(net.depth())) {}

  // Batch normalisation by these running statistics, as in use.
  void use_running(const Scalar* statistics) { running_ = statistics; }
  // Dropout as in training: the masks that belong to a seed and a number of an iteration.
  void drop(std::uint64_t seed, std::uint64_t iteration) {
    masks_.on = net_.drops();
    masks_.seed = seed;
    masks_.iteration = iteration;
  }
  // Whether ‖∂E/∂a‖ of each hidden layer is wanted, after each gradient.
  void watch_flows() { pass_.watch_flows(); }
  double flow_norm(Index l) const { return flow_norms_[static_cast<std::size_t>(l)]; }

  // Running statistics, moved towards those of the last batch: in this form they come as near to
  // them as the precision allows.
  void update_running(Scalar* statistics) {
    const auto share = static_cast<Scalar>(1 - net_.statistics_momentum);
    for (const Index l : net_.batch_layers) {
      const Index width = net_.layer(l).fan_out;
      const auto move = [&](Scalar* running, const Scalar* batch) {
        for (Index u = 0; u < width; ++u) running[u] += share * (batch[u] - running[u]);
      };
      move(statistics + net_.layer(l).statistics, pass_.mean(l));
      move(statistics + net_.layer(l).statistics + width, pass_.variance(l));
    }
  }

  // E of the samples order[first … first + count): their weighted mean loss and the penalty. The
  // gradient goes to g. begin() is called once, where nothing can be interrupted any more; then
  // finish(segment), by the thread that made it, as soon as a stretch of g is complete: it may
  // change the weights of that stretch.
  template <class Begin, class Finish>
  double operator()(const Scalar* w, const std::uint32_t* order, Index first, Index count,
                    Scalar* g, Begin&& begin, Finish&& finish) {
    const double penalty = this->penalty(w);
    double sum = 0;
    begin_batch(w);
    predictions_ = nullptr;
    for (Index done = 0; done < count; done += capacity_) {
      const Index n = std::min(capacity_, count - done);
      masks_.first = done;
      sum += samples(w, order, first + done, n, true, count);
      const bool accumulate = done > 0, last = done + n == count;
      if (last) begin();
      const auto task = [&](Index i) {
        const Segment s = gradient_part(net_, pass_, parts_[static_cast<std::size_t>(i)], blocks_,
                                        n, g, accumulate);
        if (!last) return;
        if (l2_ != 0 && s.shrinks) stretch(g, s) += static_cast<Scalar>(l2_) * stretch(w, s);
        finish(s);
      };
      const auto n_parts = static_cast<Index>(parts_.size());
      if (blocks_.size() > 1) {
        parallel_for(n_parts, task);
      } else {
        for (Index i = 0; i < n_parts; ++i) task(i);
      }
    }
    return sum / static_cast<double>(count) + penalty;
  }

  double operator()(const Scalar* w, const std::uint32_t* order, Index first, Index count,
                    Scalar* g) {
    return (*this)(w, order, first, count, g, [] {}, [](const Segment&) {});
  }

  // E alone, and on the way the predictions, count x outputs in C order, where they are wanted.
  double value(const Scalar* w, const std::uint32_t* order, Index first, Index count,
               Scalar* predictions = nullptr) {
    double sum = 0;
    begin_batch(w);
    predictions_ = predictions;
    for (Index done = 0; done < count; done += capacity_) {
      masks_.first = done;
      sum += samples(w, order, first + done, std::min(capacity_, count - done), false, count);
    }
    predictions_ = nullptr;
    return sum / static_cast<double>(count) + penalty(w);
  }

  // (l2/2) ‖W‖² + l1 Σ|W|
  double penalty(const Scalar* w) const {
    double squares = 0, sizes = 0;
    for (const Segment& s : net_.segments) {
      if (!s.shrinks) continue;
      if (l2_ != 0) squares += squared_norm(w + s.offset, s.size);
      if (l1_ != 0)
        sizes += static_cast<double>(ConstVectorMap<Scalar>(w + s.offset, s.size).cwiseAbs().sum());
    }
    return 0.5 * l2_ * squares + l1_ * sizes;
  }

 private:
  // Whole batches of 1024 samples stay in the caches of small networks. Of large ones a piece is no
  // more than what a core sums up within some 50 ms, for so long nothing can be interrupted; some
  // processors take as long over wider packets as over two halves of them.
  static Index piece_of(const Architecture& net) {
    constexpr int lanes = Eigen::internal::packet_traits<double>::size;
    const double samples = 0.6e9 * std::min(lanes, 4) / (net.work_per_sample() / 3);
    return static_cast<Index>(std::clamp(samples, 128.0, 1024.0));
  }

  static VectorMap<Scalar> stretch(Scalar* x, const Segment& s) { return {x + s.offset, s.size}; }
  static ConstVectorMap<Scalar> stretch(const Scalar* x, const Segment& s) {
    return {x + s.offset, s.size};
  }

  void cut(Index n) {
    if (n == cut_for_) return;
    const double work = net_.work_per_sample();
    blocks_ = loss_.needs_whole_batch() ? std::vector<Columns>{{0, n}} : sample_blocks(work, n);
    parts_ = gradient_parts(net_, n);
    sums_.resize(blocks_.size());
    cut_for_ = n;
  }

  void begin_batch(const Scalar* w) {
    if (running_ != nullptr) use_statistics(net_, w, running_, pass_);
    if (pass_.watches_flows()) std::fill(flow_norms_.begin(), flow_norms_.end(), 0.0);
  }

  // f(block) for all blocks of the piece.
  template <class F>
  void for_blocks(F&& f) {
    parallel_for(static_cast<Index>(blocks_.size()),
                 [&](Index i) { f(blocks_[static_cast<std::size_t>(i)]); });
  }

  // Forward and, with `back`, deltas of n samples; returns the sum of their weighted losses. The
  // blocks go on side by side from one layer that needs sums over all of them to the next.
  double samples(const Scalar* w, const std::uint32_t* order, Index first, Index n, bool back,
                 Index batch) {
    Interruption::poll(net_.work_per_sample() / 3 * static_cast<double>(n));
    cut(n);
    const std::vector<Index>& halts = running_ == nullptr ? net_.batch_layers : no_halts_;
    Index from = -1;
    for (const Index to : halts) {
      for_blocks([&](Columns c) {
        if (from < 0) gather(order, first, c);
        forward(net_, w, pass_, c, masks_, from, to);
      });
      combine_moments(net_, w, pass_, to, blocks_);
      from = to;
    }
    parallel_for(static_cast<Index>(blocks_.size()), [&](Index i) {
      const auto at = static_cast<std::size_t>(i);
      const Columns c = blocks_[at];
      const double work = net_.work_per_sample() / 3 * static_cast<double>(c.count);
      if (from < 0) gather(order, first, c);
      forward(net_, w, pass_, c, masks_, from, net_.depth());
      Interruption::poll(work);
      sums_[at] = loss_of(c, batch);
      if (predictions_ != nullptr) copy_predictions(c);
      if (back) backward(net_, w, pass_, c, masks_, net_.depth(), from);
      Interruption::poll(work);
    });
    if (back) {
      for (std::size_t k = halts.size(); k-- > 0;) {
        combine_products(net_, pass_, halts[k], blocks_);
        const Index to = k > 0 ? halts[k - 1] : -1;
        for_blocks([&](Columns c) { backward(net_, w, pass_, c, masks_, halts[k], to); });
      }
      if (pass_.watches_flows()) add_flows();
    }
    double sum = 0;
    for (const double part : sums_) sum += part;
    return sum;
  }

  void gather(const std::uint32_t* order, Index first, Columns c) {
    data_.inputs.gather(order, first + c.first, c.count, pass_.value(0, c.first));
    data_.gather_targets(order, first + c.first, c.count,
                         targets_.data() + net_.outputs() * c.first);
    if (weights_.size() > 0)
      data_.gather_weights(order, first + c.first, c.count,
                           weights_.data() + data_.weight_columns() * c.first);
  }

  double loss_of(Columns c, Index batch) {
    const Index q = net_.outputs(), last = net_.depth() - 1, columns = data_.weight_columns();
    return loss_({q, c.count, pass_.value(last + 1, c.first), targets_.data() + q * c.first,
                  weights_.size() > 0 ? weights_.data() + columns * c.first : nullptr,
                  pass_.delta(last, c.first), terms_.data() + q * c.first,
                  pass_.input(last, c.first), columns},
                 static_cast<Scalar>(1.0 / static_cast<double>(batch)));
  }

  void copy_predictions(Columns c) {
    const Index q = net_.outputs();
    const Scalar* y = pass_.value(net_.depth(), c.first);
    std::copy(y, y + q * c.count, predictions_ + q * (masks_.first + c.first));
  }

  void add_flows() {
    for (Index l = 0; l + 1 < net_.depth(); ++l) {
      double& flow = flow_norms_[static_cast<std::size_t>(l)];
      for (const Columns& c : blocks_) flow = std::hypot(flow, pass_.flow_norm(l, c.first));
    }
  }

  const Architecture& net_;
  const Dataset& data_;
  Loss<Scalar> loss_;
  double l2_, l1_;
  Index capacity_;
  Pass<Scalar> pass_;
  Buffer<Scalar> targets_, terms_, weights_;
  Index cut_for_ = -1;
  std::vector<Columns> blocks_;
  std::vector<GradientPart> parts_;
  std::vector<double> sums_, flow_norms_;
  const Scalar* running_ = nullptr;
  Scalar* predictions_ = nullptr;  // where those of the present call of value() go
  const std::vector<Index> no_halts_;
  Masks masks_;
};

FASTOPT_END

// A symmetric matrix of which only the lower triangle is touched, with the one kernel that
// variable-metric methods live on: a rank-two update and two products in a single pass over memory.
#pragma once

#include <vector>

#include "fastopt/core/buffer.hpp"
#include "fastopt/core/interruption.hpp"
#include "fastopt/core/thread_pool.hpp"

FASTOPT_BEGIN

// ss · s sᵀ + su · (s uᵀ + u sᵀ) + uu · u uᵀ
struct RankTwo {
  const double *s, *u;
  double ss, su, uu;
};

class SymmetricMatrix {
 public:
  explicit SymmetricMatrix(Index n)
      : n_(n),
        tasks_(n < parallel_from ? 1 : most_tasks),
        data_(area(n, n)),
        partial_(area(n, 2 * tasks_)) {}

  Index size() const { return n_; }
  // Column-major; what stands above the diagonal has no meaning.
  double* data() { return data_.data(); }
  const double* data() const { return data_.data(); }
  Index entries() const { return data_.size(); }

  void set_identity() {
    data_.fill(0);
    for (Index i = 0; i < n_; ++i) data_[i * (n_ + 1)] = 1;
  }

  // V ← factor · V + update (where there is one), y₁ = V x₁, y₂ = V x₂.
  void update_and_multiply(double factor, const RankTwo* update, const double* x1, double* y1,
                           const double* x2, double* y2) {
    // Columns in chunks, chunk k to task k mod tasks: the triangle is shared out evenly. Each task
    // adds to sums of its own, which are then added in their order.
    const Index chunks = (n_ + chunk - 1) / chunk;
    Interruption::poll(8.0 * static_cast<double>(n_) * static_cast<double>(n_));
    partial_.fill(0);
    parallel_for(tasks_, [&](Index task) {
      double* sum1 = partial_.data() + 2 * n_ * task;
      for (Index k = task; k < chunks; k += tasks_) {
        const Index begin = k * chunk, end = std::min(n_, begin + chunk);
        Index column = begin;
        for (; column + 4 <= end; column += 4)
          pass<4>(column, factor, update, x1, sum1, x2, sum1 + n_);
        for (; column < end; ++column) pass<1>(column, factor, update, x1, sum1, x2, sum1 + n_);
      }
    });
    const auto sum = [&](Index which, double* y) {
      VectorMap<double> total(y, n_);
      total = ConstVectorMap<double>(partial_.data() + which * n_, n_);
      for (Index task = 1; task < tasks_; ++task)
        total += ConstVectorMap<double>(partial_.data() + (2 * task + which) * n_, n_);
    };
    sum(0, y1);
    sum(1, y2);
  }

  // The whole matrix, both triangles, to an n x n array.
  void write_to(double* out) const {
    for (Index j = 0; j < n_; ++j)
      for (Index i = j; i < n_; ++i) out[i * n_ + j] = out[j * n_ + i] = data_[j * n_ + i];
  }

 private:
  static constexpr Index chunk = 32, most_tasks = 16, parallel_from = 384;

  // C columns from `first` on, from the diagonal down.
  template <int C>
  void pass(Index first, double factor, const RankTwo* update, const double* x1, double* y1,
            const double* x2, double* y2) {
    using Packet = Eigen::internal::packet_traits<double>::type;
    using namespace Eigen::internal;
    constexpr Index width = packet_traits<double>::size;
    double of_s[C] = {}, of_u[C] = {}, sum1[C] = {}, sum2[C] = {};
    double* column[C];
    const double *s = x1, *u = x1;  // with zero weights where there is no update
    for (int c = 0; c < C; ++c) {
      const Index j = first + c;
      column[c] = data_.data() + j * n_;
      if (update == nullptr) continue;
      of_s[c] = update->ss * update->s[j] + update->su * update->u[j];
      of_u[c] = update->su * update->s[j] + update->uu * update->u[j];
    }
    if (update != nullptr) {
      s = update->s;
      u = update->u;
    }
    const auto entry = [&](int c, Index i) {
      double& v = column[c][i];
      v = factor * v + (s[i] * of_s[c] + u[i] * of_u[c]);
      return v;
    };
    for (int c = 0; c < C; ++c) {  // the corner
      const Index j = first + c;
      const double diagonal = entry(c, j);
      y1[j] += diagonal * x1[j];
      y2[j] += diagonal * x2[j];
    }
    const auto single = [&](int c, Index i) {
      const double v = entry(c, i);
      y1[i] += v * x1[first + c];
      y2[i] += v * x2[first + c];
      sum1[c] += v * x1[i];
      sum2[c] += v * x2[i];
    };
    for (int c = 0; c < C; ++c)
      for (Index i = first + c + 1; i < first + C; ++i) single(c, i);

    Packet total1[C], total2[C];
    for (int c = 0; c < C; ++c) total1[c] = total2[c] = pset1<Packet>(0.0);
    const Packet scale = pset1<Packet>(factor);
    Index i = first + C;
    for (; i + width <= n_; i += width) {
      const Packet si = ploadu<Packet>(s + i), ui = ploadu<Packet>(u + i);
      const Packet a = ploadu<Packet>(x1 + i), b = ploadu<Packet>(x2 + i);
      Packet ya = ploadu<Packet>(y1 + i), yb = ploadu<Packet>(y2 + i);
      for (int c = 0; c < C; ++c) {
        Packet v = pmul(scale, ploadu<Packet>(column[c] + i));
        v = pmadd(si, pset1<Packet>(of_s[c]), v);
        v = pmadd(ui, pset1<Packet>(of_u[c]), v);
        pstoreu(column[c] + i, v);
        ya = pmadd(v, pset1<Packet>(x1[first + c]), ya);
        yb = pmadd(v, pset1<Packet>(x2[first + c]), yb);
        total1[c] = pmadd(v, a, total1[c]);
        total2[c] = pmadd(v, b, total2[c]);
      }
      pstoreu(y1 + i, ya);
      pstoreu(y2 + i, yb);
    }
    for (int c = 0; c < C; ++c) {
      for (Index k = i; k < n_; ++k) single(c, k);
      y1[first + c] += sum1[c] + predux(total1[c]);
      y2[first + c] += sum2[c] + predux(total2[c]);
    }
  }

  Index n_, tasks_;
  Buffer<double> data_, partial_;
};

FASTOPT_END

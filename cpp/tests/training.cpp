// Training without Python: the same bits for any number of threads, in several trainings at once
// too, and predictions of a network from many threads.
#include <cstring>
#include <thread>
#include <vector>

#include "check.hpp"
#include "fastopt/core/buffer.hpp"
#include "fastopt/core/random.hpp"
#include "fastopt/core/thread_pool.hpp"
#include "fastopt/network/activation.cpp"
#include "fastopt/objective/network_objective.hpp"
#include "fastopt/objective/network_squares.hpp"
#include "fastopt/objective/predict.hpp"
#include "fastopt/solver/first_order/epoch.hpp"
#include "fastopt/solver/least_squares/levenberg_marquardt.hpp"
#include "fastopt/update/registry.hpp"

using namespace fastopt;

namespace {

constexpr Index n_samples = 700, n_inputs = 6;

// Smooth data, the same in each run.
std::vector<double> numbers(Index rows, Index columns, double phase) {
  std::vector<double> out(static_cast<std::size_t>(rows * columns));
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] =
        std::sin(phase + 1.7 * static_cast<double>(i) + 1e-3 * static_cast<double>(i * i % 997));
  return out;
}

ArraySource source(const std::vector<double>& values, Index columns) {
  ArraySource of;
  of.data = reinterpret_cast<const char*>(values.data());
  of.rows = static_cast<Index>(values.size()) / columns;
  of.columns = columns;
  of.column_stride = static_cast<Index>(sizeof(double));
  of.row_stride = columns * of.column_stride;
  return of;
}

struct Data {
  std::vector<double> x = numbers(n_samples, n_inputs, 0.3), y = numbers(n_samples, 1, 1.1);
  Dataset set() const {
    Dataset data;
    data.inputs = source(x, n_inputs);
    data.targets = source(y, 1);
    return data;
  }
};

template <class Scalar>
void begin(Network<Scalar>& network) {
  for (Index i = 0; i < network.architecture.n_parameters; ++i)
    network.parameters[i] = static_cast<Scalar>(0.3 * std::sin(0.7 * static_cast<double>(i)));
  for (const Layer& layer : network.architecture.layers)
    if (layer.scale >= 0)
      std::fill_n(network.parameters.data() + layer.scale, layer.fan_out, Scalar(1));
}

template <class Scalar>
std::vector<Scalar> weights_of(const Network<Scalar>& network) {
  return {network.parameters.begin(), network.parameters.end()};
}

// Mini-batches of a network with batch normalisation, dropout and a shortcut.
template <class Scalar>
std::vector<Scalar> by_adam(const Data& data) {
  HiddenOptions hidden;
  hidden.normalization = Normalization::batch;
  hidden.dropout = {0.0, 0.2, 0.1};
  hidden.shortcuts = {{1, 2}};
  const Activation tanh = Activation::tanh;
  Network<Scalar> network(
      Architecture({n_inputs, 40, 40, 1}, {tanh, tanh, Activation::identity}, hidden));
  begin(network);
  EpochOptions options;
  options.batch_size = 128;
  options.seed = 5;
  const Settings settings({{"beta_1", 0.9},
                           {"beta_2", 0.999},
                           {"epsilon", 1e-8},
                           {"epsilon_position", 0},
                           {"amsgrad", 0}});
  const Loss<Scalar> loss(LossKind::mse, Activation::identity);
  Epoch<Scalar> solver(network, data.set(), loss, make_rule("adam", settings), 1e-4, options);
  solver.set_learning_rates(
      std::vector<double>(static_cast<std::size_t>(solver.iterations_per_epoch()), 0.01));
  for (int epoch = 0; epoch < 3; ++epoch) CHECK(std::isfinite(solver.step().loss));
  return weights_of(network);
}

std::vector<double> by_levenberg_marquardt(const Data& data) {
  const Architecture net({n_inputs, 25, 1}, {Activation::tanh, Activation::identity});
  Network<double> network(net);
  begin(network);
  NetworkSquares squares(net, data.set(), 1e-3);
  LevenbergMarquardt solver(squares, network.parameters.data(), {});
  double before = solver.step().loss;
  for (int i = 0; i < 3; ++i) {
    const double loss = solver.step().loss;
    CHECK(loss <= before);
    before = loss;
  }
  return {solver.weights().begin(), solver.weights().end()};
}

// The gradient, the Hessian and its product with a vector, one after the other. Each is written to
// memory as the solvers' is, aligned: sums over rows follow the alignment of where they go.
std::vector<double> derivatives(const Data& data) {
  const Architecture net({n_inputs, 25, 1}, {Activation::sigmoid, Activation::identity});
  Network<double> network(net);
  begin(network);
  NetworkObjective objective(net, data.set(), Loss<double>(LossKind::mse, Activation::identity),
                             0.1);
  const Index n = net.n_parameters;
  Buffer<double> gradient(n), product(n), hessian(n * n);
  const double* w = network.parameters.data();
  objective.value_and_gradient(w, gradient.data());
  objective.hessian_vector(w, w, product.data());
  objective.hessian(w, hessian.data());
  std::vector<double> out(gradient.begin(), gradient.end());
  out.insert(out.end(), product.begin(), product.end());
  out.insert(out.end(), hessian.begin(), hessian.end());
  return out;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

template <class Run>
void same_for_all_threads(const Run& run) {
  ThreadPool::set_threads(1);
  const auto alone = run();
  for (const int threads : {2, 3, 5}) {
    ThreadPool::set_threads(threads);
    CHECK(same_bits(alone, run()));
  }
  // Two at once, which share the pool.
  decltype(run()) first, second;
  std::thread other([&] { first = run(); });
  second = run();
  other.join();
  CHECK(same_bits(alone, first));
  CHECK(same_bits(alone, second));
}

void predictions_from_many_threads(const Data& data) {
  const Activation relu = Activation::relu;
  Network<float> network(Architecture({n_inputs, 64, 64, 1}, {relu, relu, Activation::identity}));
  begin(network);
  const ArraySource inputs = source(data.x, n_inputs);
  const auto predicted = [&] {
    std::vector<float> out(static_cast<std::size_t>(n_samples));
    predict(network, inputs, nullptr, n_samples, out.data());
    return out;
  };
  ThreadPool::set_threads(3);
  const auto expected = predicted();
  std::vector<std::vector<float>> found(4);
  std::vector<std::thread> callers;
  for (auto& one : found) callers.emplace_back([&] { one = predicted(); });
  for (auto& caller : callers) caller.join();
  for (const auto& one : found) CHECK(same_bits(expected, one));
}

}  // namespace

int main() {
  const Data data;
  same_for_all_threads([&] { return by_adam<float>(data); });
  same_for_all_threads([&] { return by_adam<double>(data); });
  same_for_all_threads([&] { return by_levenberg_marquardt(data); });
  same_for_all_threads([&] { return derivatives(data); });
  predictions_from_many_threads(data);
  return check::result();
}

// Update rules and clipping on the arrays of a caller.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bindings/gil.hpp"
#include "bindings/state.hpp"
#include "fastopt/core/norm.hpp"
#include "fastopt/core/not_finite.hpp"
#include "fastopt/core/process.hpp"
#include "fastopt/update/clip.hpp"
#include "fastopt/update/updater.hpp"

FASTOPT_BEGIN

namespace {

// Above this many numbers the GIL is worth giving back.
constexpr Index much = 1 << 15;

template <class Scalar>
constexpr const char* dtype_name = sizeof(Scalar) == 4 ? "float32" : "float64";

// What an argument is, where its own text might be long, or ask a device for its numbers.
std::string type_text(const py::handle& given) {
  if (PyFloat_Check(given.ptr()) || PyLong_Check(given.ptr()))
    return py::repr(given).cast<std::string>();
  const py::handle type = py::type::handle_of(given);
  const auto module = py::str(type.attr("__module__")).cast<std::string>();
  const auto name = py::str(type.attr("__qualname__")).cast<std::string>();
  return "an object of type " + (module == "builtins" ? name : module + "." + name);
}

std::string shape_text(const py::array& array) {
  return py::str(array.attr("shape")).cast<std::string>();
}

// One array, or the arrays of a list or tuple, in turn.
template <class F>
void for_each_array(const py::handle& arrays, F&& f) {
  if (py::isinstance<py::list>(arrays) || py::isinstance<py::tuple>(arrays))
    for (const py::handle& array : arrays) f(array);
  else
    f(arrays);
}

// An array as contiguous memory: its own where that is contiguous, aligned and of the right type,
// else a copy, which put_back() writes back.
template <class Scalar>
class Contiguous {
 public:
  explicit Contiguous(py::array array) : array_(std::move(array)) {
    constexpr int good =
        py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
    if ((array_.flags() & good) == good && array_.dtype().is(py::dtype::of<Scalar>())) {
      data_ = reinterpret_cast<Scalar*>(py::detail::array_proxy(array_.ptr())->data);
    } else {
      copy();
    }
  }

  Scalar* data() const { return data_; }
  Index size() const { return array_.size(); }
  const py::array& array() const { return array_; }

  // Before this array is read while `other` is written to.
  void part_from(const Contiguous& other) {
    const auto begin = reinterpret_cast<std::uintptr_t>(data_);
    const auto others = reinterpret_cast<std::uintptr_t>(other.data_);
    const auto bytes = [](const Contiguous& x) {
      return static_cast<std::uintptr_t>(x.size()) * sizeof(Scalar);
    };
    if (begin < others + bytes(other) && others < begin + bytes(*this)) copy();
  }
  void put_back() const {
    if (copy_) copy_to(array_, copy_);
  }

 private:
  void copy() {
    copy_ = py::array(py::dtype::of<Scalar>(),
                      std::vector<py::ssize_t>(array_.shape(), array_.shape() + array_.ndim()));
    copy_to(copy_, array_);
    data_ = static_cast<Scalar*>(copy_.mutable_data());
  }
  static void copy_to(const py::array& target, const py::array& source) {
    py::module_::import("numpy").attr("copyto")(target, source, py::arg("casting") = "same_kind");
  }

  py::array array_;
  py::array copy_ = py::reinterpret_steal<py::array>(py::handle());
  Scalar* data_ = nullptr;
};

// Float arrays that are to be written to.
template <class Scalar>
std::vector<Contiguous<Scalar>> writeable(const py::handle& arrays, const char* name) {
  std::vector<Contiguous<Scalar>> all;
  for_each_array(arrays, [&](const py::handle& given) {
    if (!py::isinstance<py::array>(given))
      throw py::type_error(std::string(name) + " must be a NumPy array or a list of them, got " +
                           type_text(given) + "; numpy.from_dlpack(x) shares a tensor's memory");
    auto array = py::reinterpret_borrow<py::array>(given);
    const py::dtype dtype = array.dtype();
    if (dtype.kind() != 'f' || dtype.itemsize() != sizeof(Scalar))
      throw py::type_error(std::string(name) + " must be float32 or float64, all alike, got " +
                           py::str(dtype).cast<std::string>() + " where " + dtype_name<Scalar> +
                           " is expected");
    if (!array.writeable())
      throw py::value_error(std::string(name) + " must be writeable: they are updated in place");
    all.emplace_back(std::move(array));
  });
  return all;
}

// Arrays that are only read, of anything that NumPy makes arrays of real numbers from.
template <class Scalar>
std::vector<Contiguous<Scalar>> readable(const py::handle& arrays, const char* name) {
  std::vector<Contiguous<Scalar>> all;
  for_each_array(arrays, [&](const py::handle& given) {
    py::array array = py::isinstance<py::array>(given)
                          ? py::reinterpret_borrow<py::array>(given)
                          : py::array(py::module_::import("numpy").attr("asarray")(given));
    const char kind = array.dtype().kind();
    if (kind != 'f' && kind != 'i' && kind != 'u' && kind != 'b')
      throw py::type_error(std::string(name) + " must hold real numbers, got " +
                           py::str(array.dtype()).cast<std::string>() +
                           (py::isinstance<py::array>(given) ? "" : " from " + type_text(given)));
    all.emplace_back(std::move(array));
  });
  return all;
}

// Whether the first array is float32; other types are refused later on.
bool is_float32(const py::handle& arrays) {
  const py::object first = py::isinstance<py::array>(arrays)
                               ? py::reinterpret_borrow<py::object>(arrays)
                           : py::isinstance<py::sequence>(arrays) && py::len(arrays) > 0
                               ? py::reinterpret_borrow<py::sequence>(arrays)[0].cast<py::object>()
                               : py::none();
  if (!py::isinstance<py::array>(first)) return false;
  const py::dtype dtype = py::reinterpret_borrow<py::array>(first).dtype();
  return dtype.kind() == 'f' && dtype.itemsize() == 4;
}

class Worker {
 public:
  Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  virtual ~Worker() = default;

  virtual std::int64_t iteration() const = 0;
  virtual void step(const py::handle& params, const py::handle& grads, double learning_rate,
                    bool check_finite, double loss) = 0;
  virtual void finalize(const py::handle& params) = 0;
  virtual void configure(std::unique_ptr<Rule> rule, double weight_decay) = 0;
  virtual py::dict state() = 0;
  virtual void set_state(const py::dict& state) = 0;
};

template <class Scalar>
class WorkerOf final : public Worker {
  using Array = Contiguous<Scalar>;

 public:
  WorkerOf(std::string name, std::unique_ptr<Rule> rule, double weight_decay,
           const py::handle& params)
      : name_(std::move(name)),
        single_(py::isinstance<py::array>(params)),
        shapes_(shapes_of(params)),
        updater_(std::move(rule), weight_decay, segments_of(shapes_), size_of(shapes_)) {}

  std::int64_t iteration() const override { return updater_.iteration(); }

  void step(const py::handle& params, const py::handle& grads, double learning_rate,
            bool check_finite, double loss) override {
    const Lock lock(*this);
    auto w = writeable<Scalar>(params, "params");
    check_shapes(params, w, "params");
    auto g = readable<Scalar>(grads, "grads");
    check_shapes(grads, g, "grads");
    for (std::size_t k = 0; k < w.size(); ++k)
      for (const auto& written : w) g[k].part_from(written);
    if (check_finite) check_gradients(g);
    int overflowed = -1;
    work([&] {
      updater_.begin_step(learning_rate, loss);
      for (std::size_t k = 0; k < w.size(); ++k) {
        const Segment& s = updater_.segments()[k];
        if (check_finite)
          overflowed = std::max(overflowed, updater_.update_and_check(w[k].data(), g[k].data(), s));
        else
          updater_.update(w[k].data(), g[k].data(), s);
      }
    });
    for (const auto& array : w) array.put_back();
    if (overflowed >= 0)
      throw NotFinite(name_ + ": " + updater_.state_name(overflowed) +
                      " is not finite after step " + std::to_string(updater_.iteration()) + " in " +
                      dtype_name<Scalar> +
                      ": go on from an earlier state_dict() or reset(), with a smaller learning "
                      "rate, gradients of a smaller scale or float64");
  }

  void finalize(const py::handle& params) override {
    const Lock lock(*this);
    auto w = writeable<Scalar>(params, "params");
    check_shapes(params, w, "params");
    work([&] {
      for (std::size_t k = 0; k < w.size(); ++k)
        updater_.look_ahead(w[k].data(), updater_.segments()[k], -1);
    });
    for (const auto& array : w) array.put_back();
  }

  void configure(std::unique_ptr<Rule> rule, double weight_decay) override {
    const Lock lock(*this);
    updater_.set_rule(std::move(rule), weight_decay);
  }
  py::dict state() override {
    const Lock lock(*this);
    return export_state(updater_);
  }
  void set_state(const py::dict& state) override {
    const Lock lock(*this);
    import_state(updater_, state);
  }

 private:
  using Shape = std::vector<py::ssize_t>;

  // Held while the GIL may be given back, or a copy may run Python code.
  class Lock {
   public:
    explicit Lock(WorkerOf& worker) : worker_(worker) {
      if (worker.busy_in_ == this_process())
        throw std::runtime_error("this optimiser is at work in another thread: use one for each");
      worker.busy_in_ = this_process();
    }
    ~Lock() { worker_.busy_in_ = 0; }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    WorkerOf& worker_;
  };

  static std::vector<Shape> shapes_of(const py::handle& params) {
    std::vector<Shape> shapes;
    for (const auto& w : writeable<Scalar>(params, "params"))
      shapes.emplace_back(w.array().shape(), w.array().shape() + w.array().ndim());
    if (shapes.empty()) throw py::value_error("params must hold at least one array");
    return shapes;
  }
  static std::vector<Segment> segments_of(const std::vector<Shape>& shapes) {
    std::vector<Segment> segments;
    Index offset = 0;
    for (const Shape& shape : shapes) {
      Index size = 1;
      for (const auto extent : shape) size *= extent;
      segments.push_back({offset, size, true});
      offset += size;
    }
    return segments;
  }
  static Index size_of(const std::vector<Shape>& shapes) {
    const Segment last = segments_of(shapes).back();
    return last.offset + last.size;
  }

  void check_shapes(const py::handle& given, const std::vector<Array>& arrays,
                    const char* name) const {
    if (arrays.size() != shapes_.size() || py::isinstance<py::array>(given) != single_)
      throw py::value_error(
          std::string(name) + " must be " +
          (single_ ? "one array" : "a list of " + std::to_string(shapes_.size()) + " arrays") +
          ", as params were at the first step; reset() starts anew");
    for (std::size_t k = 0; k < arrays.size(); ++k) {
      const py::array& array = arrays[k].array();
      const Shape& shape = shapes_[k];
      if (static_cast<std::size_t>(array.ndim()) == shape.size() &&
          std::equal(shape.begin(), shape.end(), array.shape()))
        continue;
      throw py::value_error(name + (single_ ? std::string() : "[" + std::to_string(k) + "]") +
                            " must have shape " +
                            py::str(py::tuple(py::cast(shape))).cast<std::string>() +
                            ", as params had at the first step, got " + shape_text(array));
    }
  }

  // Before anything is changed.
  void check_gradients(const std::vector<Array>& g) {
    const double most = updater_.largest_gradient();
    bool good = true;
    work([&] {
      for (const Array& array : g)
        good = good && updater_.gradient_is_within(array.data(), array.size(), most);
    });
    if (good) return;
    for (std::size_t k = 0; k < g.size(); ++k) {
      const Scalar* data = g[k].data();
      const Scalar* wrong = std::find_if_not(data, data + g[k].size(), [&](Scalar x) {
        return std::abs(static_cast<double>(x)) <= most;
      });
      if (wrong != data + g[k].size()) refuse(k, wrong - data, static_cast<double>(*wrong), most);
    }
  }
  [[noreturn]] void refuse(std::size_t k, Index i, double value, double most) const {
    const std::string where = "grads" + (single_ ? "" : "[" + std::to_string(k) + "]") + ".flat[" +
                              std::to_string(i) + "] is " +
                              py::repr(py::float_(value)).cast<std::string>();
    if (!std::isfinite(value))
      throw NotFinite(where + ": gradients must be finite; check_finite=False lets them pass");
    throw NotFinite(where + ": " + name_ + " keeps the squares of gradients, which overflow in " +
                    dtype_name<Scalar> + " above " +
                    py::repr(py::float_(most)).cast<std::string>() +
                    ", and w would not move any more: clip the gradients, make the loss smaller or "
                    "use float64; check_finite=False lets them pass");
  }

  template <class F>
  void work(F&& f) {
    if (updater_.segments().back().offset + updater_.segments().back().size < much) {
      f();
    } else {
      const GilRelease release;
      f();
    }
  }

  std::string name_;
  bool single_;
  std::int64_t busy_in_ = 0;  // the process that holds the lock
  std::vector<Shape> shapes_;
  Updater<Scalar> updater_;
};

class RuleHandle {
 public:
  RuleHandle(const std::string& rule, std::map<std::string, double> settings, double weight_decay,
             const py::handle& params) {
    auto made = make_rule(rule, Settings(std::move(settings)));
    if (is_float32(params))
      worker_ = std::make_unique<WorkerOf<float>>(rule, std::move(made), weight_decay, params);
    else
      worker_ = std::make_unique<WorkerOf<double>>(rule, std::move(made), weight_decay, params);
  }
  Worker& worker() { return *worker_; }

 private:
  std::unique_ptr<Worker> worker_;
};

template <class Scalar>
bool clip_arrays(const Clip& clip, const py::handle& grads) {
  const auto arrays = writeable<Scalar>(grads, "grads");
  std::vector<std::pair<Scalar*, Index>> stretches;
  for (const auto& array : arrays) stretches.emplace_back(array.data(), array.size());
  bool acted = false;
  {
    const GilRelease release;
    acted = clip.apply(stretches);
  }
  if (acted)
    for (const auto& array : arrays) array.put_back();
  return acted;
}

}  // namespace

void bind_update(py::module_& module) {
  py::class_<RuleHandle>(module, "RuleHandle", py::module_local())
      .def(py::init<const std::string&, std::map<std::string, double>, double, py::object>(),
           py::arg("rule"), py::arg("settings"), py::arg("weight_decay"), py::arg("params"))
      .def_property_readonly("iteration",
                             [](RuleHandle& self) { return self.worker().iteration(); })
      .def(
          "step",
          [](RuleHandle& self, const py::handle& params, const py::handle& grads,
             double learning_rate, bool check_finite,
             double loss) { self.worker().step(params, grads, learning_rate, check_finite, loss); },
          py::arg("params"), py::arg("grads"), py::arg("learning_rate"),
          py::arg("check_finite") = true,
          py::arg("loss") = std::numeric_limits<double>::quiet_NaN())
      .def(
          "finalize",
          [](RuleHandle& self, const py::handle& params) { self.worker().finalize(params); },
          py::arg("params"))
      .def(
          "configure",
          [](RuleHandle& self, const std::string& rule, std::map<std::string, double> settings,
             double weight_decay) {
            self.worker().configure(make_rule(rule, Settings(std::move(settings))), weight_decay);
          },
          py::arg("rule"), py::arg("settings"), py::arg("weight_decay"))
      .def("export_state", [](RuleHandle& self) { return self.worker().state(); })
      .def(
          "import_state",
          [](RuleHandle& self, const py::dict& state) { self.worker().set_state(state); },
          py::arg("state"));

  module.def(
      "rule_states",
      [](const std::string& rule, std::map<std::string, double> settings) {
        return make_rule(rule, Settings(std::move(settings)))->states();
      },
      py::arg("rule"), py::arg("settings"));
  module.def(
      "clip",
      [](const std::string& kind, double limit, const py::handle& grads) {
        const Clip clip{clip_named(kind), limit};
        return is_float32(grads) ? clip_arrays<float>(clip, grads)
                                 : clip_arrays<double>(clip, grads);
      },
      py::arg("kind"), py::arg("limit"), py::arg("grads"));
}

FASTOPT_END

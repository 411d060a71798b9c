// A zero-initialised, 64-byte aligned array of numbers with a padded length.
#pragma once

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "fastopt/core/out_of_memory.hpp"
#include "fastopt/core/types.hpp"
#include "fastopt/core/zeros.hpp"

FASTOPT_BEGIN

template <class Scalar>
class Buffer {
 public:
  Buffer() = default;
  // The destructor runs where the filling is interrupted: the object is whole after Buffer().
  explicit Buffer(Index size) : Buffer() {
    take(size);
    fill_zeros(data_, padded(size));
  }
  Buffer(const Buffer& other) : Buffer() {
    take(other.size_);
    std::copy(other.data_, other.data_ + padded(size_), data_);
  }
  Buffer(Buffer&& other) noexcept { swap(other); }
  // Others look at the memory (views of the parameters): copy_from changes what stands in it.
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { release(data_); }

  Scalar* data() { return data_; }
  const Scalar* data() const { return data_; }
  Index size() const { return size_; }
  Scalar& operator[](Index i) { return data_[i]; }
  const Scalar& operator[](Index i) const { return data_[i]; }
  Scalar* begin() { return data_; }
  Scalar* end() { return data_ + size_; }
  const Scalar* begin() const { return data_; }
  const Scalar* end() const { return data_ + size_; }
  VectorMap<Scalar> vector() { return {data_, size_}; }
  ConstVectorMap<Scalar> vector() const { return {data_, size_}; }
  // Zeros, and other memory.
  void resize(Index size) {
    Buffer fresh(size);
    swap(fresh);
  }
  // Views of either then look at the other's numbers.
  void swap(Buffer& other) noexcept {
    std::swap(size_, other.size_);
    std::swap(data_, other.data_);
  }
  void copy_from(const Buffer& other) { std::copy(other.begin(), other.end(), data_); }
  void fill(Scalar value) { std::fill(begin(), end(), value); }

 private:
  static Scalar* allocate(Index size) {
    if (size == 0) return nullptr;
    // Beyond this, the padded length in bytes is no signed number.
    constexpr Index largest =
        std::numeric_limits<Index>::max() / static_cast<Index>(sizeof(Scalar)) - padding;
    if (size < 0 || size > largest) throw OutOfMemory(size, sizeof(Scalar));
    const std::size_t bytes = static_cast<std::size_t>(padded(size)) * sizeof(Scalar);
    void* data = ::operator new(bytes, std::align_val_t{alignment}, std::nothrow);
    if (data == nullptr) throw OutOfMemory(size, sizeof(Scalar));
    return static_cast<Scalar*>(data);
  }
  void take(Index size) {
    data_ = allocate(size);
    size_ = size;
  }
  static void release(Scalar* data) { ::operator delete(data, std::align_val_t{alignment}); }
  Index size_ = 0;
  Scalar* data_ = nullptr;
};

FASTOPT_END

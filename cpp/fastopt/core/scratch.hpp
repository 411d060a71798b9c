// Workspaces for the length of a call, from memory that each thread keeps: what a product packs its
// factors into, for example.
//
// Neither the stack nor the heap serves for that. A stack may have 128 KB (threads of musl, of
// macOS, of threading.stack_size), and blocks from the heap above 128 KB go back to the system each
// time in some layouts of it, so that every product page-faults, at a third of the speed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <new>
#include <vector>

#include "fastopt/core/out_of_memory.hpp"
#include "fastopt/core/variant.hpp"

FASTOPT_BEGIN

// Of all blocks of numbers, in bytes: a cache line, and the widest packet.
constexpr std::size_t alignment = 64;

// Blocks are given back in the reverse order of their making.
class ScratchStack {
 public:
  static ScratchStack& of_this_thread() {
    thread_local ScratchStack stack;
    return stack;
  }

  ScratchStack() = default;
  ScratchStack(const ScratchStack&) = delete;
  ScratchStack& operator=(const ScratchStack&) = delete;
  ~ScratchStack() {
    while (!chunks_.empty()) drop();
  }

  void* push(std::size_t bytes) {
    bytes = rounded(bytes);
    if (chunks_.empty() || chunks_.back().size - chunks_.back().used < bytes) add(bytes);
    Chunk& top = chunks_.back();
    void* block = top.data + top.used;
    top.used += bytes;
    in_use_ += bytes;
    most_ = std::max(most_, in_use_);
    return block;
  }

  void pop(std::size_t bytes) noexcept {
    bytes = rounded(bytes);
    chunks_.back().used -= bytes;
    in_use_ -= bytes;
    if (chunks_.back().used != 0) return;
    // A second chunk stood in because the first was short: the next first one is as large as both.
    const bool was_short = chunks_.back().size < std::min(most_, most_kept);
    if (chunks_.size() > 1 || chunks_.back().size > most_kept || was_short) drop();
  }

 private:
  struct Chunk {
    std::byte* data;
    std::size_t size, used;
  };
  // More than the packed blocks of a product need, which are cut to the size of the caches.
  static constexpr std::size_t most_kept = std::size_t{8} << 20;

  static std::size_t rounded(std::size_t bytes) {
    if (bytes > static_cast<std::size_t>(-1) - alignment) throw std::bad_alloc();
    return (bytes + alignment - 1) / alignment * alignment;
  }

  void add(std::size_t bytes) {
    chunks_.reserve(chunks_.size() + 1);
    if (!chunks_.empty() && chunks_.back().used == 0) drop();
    const std::size_t size = in_use_ == 0 && most_ <= most_kept ? std::max(bytes, most_) : bytes;
    void* data = ::operator new(size, std::align_val_t{alignment}, std::nothrow);
    if (data == nullptr) throw OutOfMemory(static_cast<std::ptrdiff_t>(size), 1);
    chunks_.push_back({static_cast<std::byte*>(data), size, 0});
  }

  void drop() noexcept {
    ::operator delete(chunks_.back().data, std::align_val_t{alignment});
    chunks_.pop_back();
  }

  std::vector<Chunk> chunks_;
  std::size_t in_use_ = 0, most_ = 0;
};

// `count` numbers, not set to anything, until the end of the scope.
template <class Scalar>
class Scratch {
 public:
  explicit Scratch(std::ptrdiff_t count)
      : stack_(ScratchStack::of_this_thread()),
        bytes_(static_cast<std::size_t>(count) * sizeof(Scalar)),
        data_(static_cast<Scalar*>(stack_.push(bytes_))) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { stack_.pop(bytes_); }

  Scalar* data() { return data_; }
  Scalar& operator[](std::ptrdiff_t i) { return data_[i]; }

 private:
  ScratchStack& stack_;
  std::size_t bytes_;
  Scalar* data_;
};

FASTOPT_END

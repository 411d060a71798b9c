// The namespace of a variant.
#pragma once

// The extension is compiled once per instruction set. An inline namespace per variant keeps the
// templates of one apart from those of another when several are loaded in one process.
#ifndef FASTOPT_VARIANT
#define FASTOPT_VARIANT base
#endif
#define FASTOPT_BEGIN \
  namespace fastopt { \
  inline namespace FASTOPT_VARIANT {
#define FASTOPT_END \
  }                 \
  }

// The door to Catch2 (v2 on Debian 12): tests include this, so that a newer Catch2 changes one line.
#pragma once

#include <catch2/catch.hpp>

#include "core/result.h"

// A failed CHECK(result) shows the fault, not a wall of templates.
template <class T>
struct Catch::StringMaker<core::Result<T>> {
  static std::string convert(const core::Result<T>& result) {
    return result ? "a value" : "fault: " + result.error().what;
  }
};

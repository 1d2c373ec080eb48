// The door to Catch2 (v2 on Debian 12): tests include this, so that a newer Catch2 changes one line.
#pragma once

#include <catch2/catch.hpp>

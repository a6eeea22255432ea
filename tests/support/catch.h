#pragma once
// The one place that knows which Catch2 this is (v2 in Debian 12; v3 renamed the header).
#include <catch2/catch.hpp>

// What tests include besides. Catch2's macros must not name what a unit would define before it: no such unit is here.
#pragma once
#include <catch2/catch.hpp>

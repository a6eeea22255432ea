// What most units with LibTorch include. Narrow on purpose: what torch/torch.h adds costs every unit seconds.
#pragma once
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/init.h>
#include <torch/nn/module.h>
#include <torch/types.h>

// The one precompiled header of every folder that sees LibTorch. Narrow on purpose: torch/torch.h costs 40 s.
#pragma once
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/init.h>
#include <torch/nn/module.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>

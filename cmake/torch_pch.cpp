// Compiles cmake/torch_pch.h once for all.

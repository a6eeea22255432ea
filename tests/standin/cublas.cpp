// cuBLAS that computes nothing: with LibTorch's own operators (STANDIN_KERNELS=null) matrix products are launches like
// any other.
#include <cstddef>
#include <cstdlib>
#include <cstring>

extern "C" {

int standin_launch();

static int something;  // handles point to it

int cublasCreate_v2(void** handle) {
  *handle = &something;
  return 0;
}
int cublasGetMathMode(void*, int* mode) {
  *mode = 0;
  return 0;
}
int cublasGetPointerMode_v2(void*, int* mode) {
  *mode = 0;
  return 0;
}
std::size_t cublasLtGetVersion() {
  return 130000;
}
int cublasLtMatmulAlgoGetHeuristic(void*, void*, void*, void*, void*, void*, void*, int, void* results,
                                   int* found) {
  std::memset(results, 0, 96);
  *found = 1;
  return 0;
}

#define DOES_NOTHING(name) \
  int name() {             \
    return 0;              \
  }
#define LAUNCHES(name)                    \
  int name() {                            \
    return standin_launch() != 0 ? 0 : 1; \
  }
#define MAKES(name)             \
  int name(void** made) {       \
    *made = std::calloc(1, 64); \
    return 0;                   \
  }
#define DELETES(name)    \
  int name(void* made) { \
    std::free(made);     \
    return 0;            \
  }
DOES_NOTHING(cublasDestroy_v2)
DOES_NOTHING(cublasSetStream_v2)
DOES_NOTHING(cublasSetWorkspace_v2)
DOES_NOTHING(cublasSetMathMode)
DOES_NOTHING(cublasSetPointerMode_v2)
DOES_NOTHING(cublasLtMatmulDescSetAttribute)
DOES_NOTHING(cublasLtMatmulPreferenceSetAttribute)
DOES_NOTHING(cublasLtMatrixLayoutSetAttribute)
LAUNCHES(cublasGemmEx)
LAUNCHES(cublasGemmStridedBatchedEx)
LAUNCHES(cublasSgemm_v2)
LAUNCHES(cublasSgemmEx)
LAUNCHES(cublasSgemmStridedBatched)
LAUNCHES(cublasLtMatmul)
MAKES(cublasLtMatmulDescCreate)
MAKES(cublasLtMatmulPreferenceCreate)
MAKES(cublasLtMatrixLayoutCreate)
DELETES(cublasLtMatmulDescDestroy)
DELETES(cublasLtMatmulPreferenceDestroy)
DELETES(cublasLtMatrixLayoutDestroy)

}  // extern "C"

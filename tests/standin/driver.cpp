// libcuda.so.1: the few calls of CUDA's driver that are made to find out whether there is a GPU.
#include <cstdlib>

extern "C" {

int cuInit(unsigned) {
  return 0;
}
int cuDriverGetVersion(int* version) {
  *version = 13000;
  return 0;
}
int cuDeviceGetCount(int* count) {
  const char* const gpus = std::getenv("STANDIN_GPUS");
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  *count = gpus == nullptr ? 1 : std::atoi(gpus);
  if (visible != nullptr) {
    int named = *visible == '\0' ? 0 : 1;
    for (; *visible != '\0'; ++visible) named += *visible == ',';
    if (named < *count) *count = named;
  }
  return 0;
}
int cuDevicePrimaryCtxGetState(int, unsigned* flags, int* active) {
  *flags = 0;
  *active = 1;
  return 0;
}
int cuDevicePrimaryCtxRetain(void** context, int) {
  *context = reinterpret_cast<void*>(0x10);
  return 0;
}
int cuCtxGetCurrent(void** context) {
  *context = nullptr;
  return 0;
}
int cuCtxSetCurrent(void*) {
  return 0;
}
int cuCtxGetDevice(int* device) {
  *device = 0;
  return 0;
}
int cuGetErrorString(int, const char** text) {
  *text = "the stand-in's driver";
  return 0;
}

}  // extern "C"

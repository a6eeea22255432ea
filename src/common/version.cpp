#include "common/version.h"

namespace interlock {

const char* version() {
  return INTERLOCK_VERSION;
}

}  // namespace interlock

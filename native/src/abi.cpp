#include "fastmlx.h"

extern "C" uint32_t fm_abi_version(void) { return 1; }

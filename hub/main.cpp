// tocsin-hub.
#include "hub/cli.h"

int main(int argc, char** argv) {
  return hub::hub_main(argc, argv, hub::real_parts());
}

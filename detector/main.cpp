// tocsin-detector.
#include "detector/cli.h"

int main(int argc, char** argv) { return detector::run(argc, argv); }

"""Run cases in this process, and tell of each when it begins and how it ended.

    python -m torture.batch SEED COUNT SECONDS

A process that dies, or a case that hangs, leaves the seed of the case as the last line.
"""

import faulthandler
import signal
import sys
import traceback
import warnings

from torture.cases import run_case


def main(first, count, seconds):
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warnings.simplefilter("ignore")
    for seed in range(first, first + count):
        print("begin", seed, flush=True)
        faulthandler.dump_traceback_later(seconds, exit=True)
        try:
            what, outcome = run_case(seed)
            print("end", seed, what, outcome, sep="\t", flush=True)
        except BaseException:
            print("failed", seed, traceback.format_exc(), sep="\t", flush=True)
        finally:
            faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))

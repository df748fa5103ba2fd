"""`python -m desk.ctl`."""

import sys

from desk.ctl import main

sys.exit(main())

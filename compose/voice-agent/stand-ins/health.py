"""A health check: asks the URL that it is given."""

import sys
import urllib.request

urllib.request.urlopen(sys.argv[1], timeout=5)

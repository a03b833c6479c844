"""A health check: requests the given URL."""

import sys
import urllib.request

urllib.request.urlopen(sys.argv[1], timeout=5)

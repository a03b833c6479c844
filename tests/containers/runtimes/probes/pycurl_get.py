# Asks for a page with PycURL, which is the system's libcurl.
import sys

import pycurl

curl = pycurl.Curl()
curl.setopt(pycurl.URL, sys.argv[1])
curl.perform()

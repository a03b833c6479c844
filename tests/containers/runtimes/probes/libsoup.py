# Asks for a page with libsoup, which GNOME's programs use: GLib's TLS, which is GnuTLS.
import sys

import gi

gi.require_version("Soup", "3.0")
from gi.repository import Soup

message = Soup.Message.new("GET", sys.argv[1])
print(Soup.Session().send_and_read(message).get_data())

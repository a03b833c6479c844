"""Servers at one address: nginx, Caddy and Python's ssl, each with TLS 1.2 and 1.3, with every kind of key, with
chains of one to four certificates; and servers with one fault each. The port selects the server."""

import os
import socket
import ssl
import subprocess
import threading

KEYS = {1: "rsa:2048", 2: "ec -pkeyopt ec_paramgen_curve:P-256", 3: "ed25519"}
CHAINS = (1, 2, 3, 4)
VERSIONS = {2: "1.2", 3: "1.3"}
# Below the ephemeral ports: a client could otherwise connect to itself.
NGINX, CADDY, PYTHON, BROKEN = 10000, 20000, 30000, 25000
STRICT = "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\n"
LOOSE = "basicConstraints=critical,CA:true\n"


def sh(words):
    subprocess.run(words.split(), check=True, stderr=subprocess.DEVNULL)


def make(name, key, issuer, extensions):
    """Creates NAME.crt and NAME.key, signed by ISSUER, or self-signed."""
    with open("extensions", "w") as file:
        file.write(extensions)
    sh(f"openssl req -newkey {key} -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr")
    by = f"-CA {issuer}.crt -CAkey {issuer}.key" if issuer else f"-key {name}.key"
    sh(f"openssl x509 -req -days 90 -in {name}.csr {by} -extfile extensions -out {name}.crt")


def join(target, names):
    with open(target, "w") as file:
        for name in names:
            file.write(open(f"{name}.crt").read())


def family(number, key):
    """Creates a root, a chain of three CAs below it, and a server certificate below each of the four."""
    make(f"root{number}", key, None, STRICT)
    above, sent = f"root{number}", []
    for length in CHAINS:
        name = f"{number}-{length}"
        make(name, key, above, "subjectAltName=DNS:localhost\nbasicConstraints=critical,CA:false\n")
        join(f"{name}.pem", [name, *sent])
        if length < len(CHAINS):
            make(f"ca{name}", key, above, STRICT)
            above, sent = f"ca{name}", [f"ca{name}", *sent]


def context(name, version, **more):
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.minimum_version = found.maximum_version = {2: ssl.TLSVersion.TLSv1_2, 3: ssl.TLSVersion.TLSv1_3}[version]
    found.load_cert_chain(f"{name}.pem", f"{name.split('.')[0]}.key")
    for field, value in more.items():
        setattr(found, field, value)
    return found


def listen(port, backlog=16):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(backlog)
    return listener


def serve(port, answer):
    """Calls `answer` with each connection, one after the other."""
    def loop(listener):
        while True:
            connection, _ = listener.accept()
            try:
                answer(connection)
            except OSError:
                connection.close()
    threading.Thread(target=loop, args=[listen(port)], daemon=True).start()


def tls(found):
    def answer(connection):
        with found.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(1)
    return answer


def nginx(block):
    return f"""
daemon off; pid nginx.pid; error_log stderr crit; events {{}}
http {{ access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi; {block} }}"""


os.chdir("/tmp")
held, servers, sites = [], "", ""
for number, key in KEYS.items():
    family(number, key)
    for length in CHAINS:
        for version, words in VERSIONS.items():
            name, port = f"{number}-{length}", 100 * number + 10 * length + version
            pair = f"/tmp/{name}.pem", f"/tmp/{name}.key"
            servers += (f"server {{ listen 127.0.0.1:{NGINX + port} ssl; ssl_protocols TLSv{words};"
                        f" ssl_certificate {pair[0]}; ssl_certificate_key {pair[1]}; }}\n")
            sites += (f"https://localhost:{CADDY + port} {{\n bind 127.0.0.1\n tls {pair[0]} {pair[1]} {{\n"
                      f"  protocols tls{words} tls{words}\n }}\n}}\n")
            serve(PYTHON + port, tls(context(name, version)))

# A client certificate is required.
own = "ssl_certificate /tmp/2-1.pem; ssl_certificate_key /tmp/2-1.key;"
for version, words in VERSIONS.items():
    servers += (f"server {{ listen 127.0.0.1:{BROKEN + version} ssl; {own} ssl_protocols TLSv{words};"
                f" ssl_client_certificate /tmp/root2.crt; ssl_verify_client on; }}\n")
    sites += (f"https://localhost:{BROKEN + 10 + version} {{\n bind 127.0.0.1\n tls /tmp/2-1.pem /tmp/2-1.key {{\n"
              f"  protocols tls{words} tls{words}\n  client_auth {{\n   mode require\n  }}\n }}\n}}\n")
    wants = context("2-1", version)
    wants.load_verify_locations("root2.crt")
    wants.verify_mode = ssl.CERT_REQUIRED
    serve(BROKEN + 20 + version, tls(wants))
servers += f"""
server {{ listen 127.0.0.1:{BROKEN + 30} ssl; ssl_reject_handshake on; }}
server {{ listen 127.0.0.1:{BROKEN + 31}; }}
server {{ listen 127.0.0.1:{BROKEN + 32} ssl; {own} ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0; }}"""
serve(BROKEN + 40, socket.socket.close)
serve(BROKEN + 41, held.append)
# A name server that never answers.
held.append(socket.socket(type=socket.SOCK_DGRAM))
held[-1].bind(("127.0.0.1", 53))
full = listen(BROKEN + 42, 0)
for _ in range(3):
    caller = socket.socket()
    caller.setblocking(False)
    caller.connect_ex(("127.0.0.1", BROKEN + 42))
    held.append(caller)
# Chains that Python 3.13 refuses: its CA lacks a key usage, or the trust anchor is missing or untrusted.
make("loose", KEYS[2], None, LOOSE)
make("loosely", KEYS[2], "loose", "subjectAltName=DNS:localhost\n")
join("loosely.pem", ["loosely"])
serve(BROKEN + 50, tls(context("loosely", 3)))
make("stranger", KEYS[2], None, STRICT)
make("strange", KEYS[2], "stranger", "subjectAltName=DNS:localhost\n")
join("strange.pem", ["strange"])
serve(BROKEN + 51, tls(context("strange", 3)))
sh("cp strange.key whole.key")
join("whole.pem", ["strange", "stranger"])
serve(BROKEN + 52, tls(context("whole", 3)))

join("/var/tmp/anchors.crt", [f"root{number}" for number in KEYS] + ["loose"])
open("nginx.conf", "w").write(nginx(servers))
open("Caddyfile", "w").write("{\n admin off\n auto_https off\n}\n" + sites)
programs = [subprocess.Popen(["nginx", "-p", "/tmp/", "-c", "/tmp/nginx.conf"]),
            subprocess.Popen(["caddy", "run", "--config", "/tmp/Caddyfile"], env={**os.environ, "HOME": "/tmp"})]
for port in (BROKEN + 31, BROKEN + 12):
    while socket.socket().connect_ex(("127.0.0.1", port)):
        assert not any(program.poll() for program in programs)
print("at work", flush=True)
threading.Event().wait()

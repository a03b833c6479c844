# Local replacements of the public images that the example stacks use: the same programs with the same
# commands, on images that bases.sh built. Each stage has the name of the image that it replaces.

FROM trust-init-test/stack AS debian

FROM trust-init-test/stack AS python
ENV PATH=/opt/venv/bin:$PATH

FROM trust-init-test/stack AS node

FROM trust-init-test/stack AS golang
ENV GOTOOLCHAIN=local

FROM trust-init-test/stack AS caddy
# The file has the capability to bind low ports, as in the public image: in a container without that
# capability the program does not start.
RUN python3 -c "import os, struct; os.setxattr('/usr/bin/caddy', 'security.capability', \
    struct.pack('<5I', 0x2000001, 1 << 10, 0, 0, 0))"
ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]

FROM trust-init-test/stack AS nginx
RUN rm -f /etc/nginx/sites-enabled/* && \
    ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]

FROM trust-init-test/stack AS redis
RUN mkdir -p /data && chown redis:redis /data
WORKDIR /data
USER redis
CMD ["redis-server", "--protected-mode", "no"]

FROM trust-init-test/stack AS postgres
COPY start-postgres.sh /usr/local/bin/start-postgres
ENV PGDATA=/var/lib/postgresql/data
RUN mkdir -p "$PGDATA" && chown -R postgres:postgres /var/lib/postgresql && chmod 700 "$PGDATA"
USER postgres
STOPSIGNAL SIGINT
CMD ["start-postgres"]

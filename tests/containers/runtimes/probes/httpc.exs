# Asks for a page as Elixir's own tools do: httpc, against the CAs that the VM finds.
{:ok, _} = Application.ensure_all_started(:inets)
{:ok, _} = Application.ensure_all_started(:ssl)
[url] = System.argv()
name = String.to_charlist(URI.parse(url).host)
match = [match_fun: :public_key.pkix_verify_hostname_match_fun(:https)]
tls = [verify: :verify_peer, cacerts: :public_key.cacerts_get(), depth: 5, server_name_indication: name, customize_hostname_check: match]
IO.inspect(:httpc.request(:get, {String.to_charlist(url), []}, [ssl: tls], body_format: :binary))

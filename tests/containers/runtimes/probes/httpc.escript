#!/usr/bin/env escript
%% Asks for a page with Erlang's httpc as OTP advises: verified, against the system's CAs.
main([Url]) ->
    {ok, _} = application:ensure_all_started(inets),
    {ok, _} = application:ensure_all_started(ssl),
    #{host := Host} = uri_string:parse(Url),
    Tls = [{verify, verify_peer}, {cacerts, public_key:cacerts_get()}, {depth, 5},
           {server_name_indication, Host},
           {customize_hostname_check, [{match_fun, public_key:pkix_verify_hostname_match_fun(https)}]}],
    case httpc:request(get, {Url, []}, [{ssl, Tls}], []) of
        {ok, {_, _, Body}} -> io:put_chars(Body);
        {error, Why} -> io:format("~p~n", [Why])
    end.

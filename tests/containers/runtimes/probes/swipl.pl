% Asks for a page with SWI-Prolog's HTTP client.
:- use_module(library(http/http_open)).
:- initialization((current_prolog_flag(argv, [Url|_]), http_open(Url, In, []), copy_stream_data(In, current_output), halt), main).

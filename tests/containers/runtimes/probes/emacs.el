;; Asks for a page with Emacs' own TLS, which is GnuTLS, as its package manager does: an error where the
;; server is not trusted.
(setq gnutls-verify-error t)
(let* ((host (getenv "HOST"))
       (server (open-network-stream "probe" (current-buffer) host (getenv "PORT") :type 'tls)))
  (process-send-string server (format "GET / HTTP/1.0\r\nHost: %s\r\n\r\n" host))
  (while (accept-process-output server 5))
  (princ (buffer-string)))

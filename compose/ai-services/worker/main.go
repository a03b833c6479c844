// The worker repeats the requests of the back end. This code does not mention the private CA.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	picture = "a picture"
	prompt  = `{"prompt": "What is a CA for?", "max_tokens": 16}`
)

func ask(client *http.Client, url, body string) (string, error) {
	reply, err := client.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err == nil && reply.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", reply.Status, text)
	}
	return string(text), err
}

func main() {
	detector, llm, proxy := os.Getenv("DETECTOR_URL"), os.Getenv("LLM_URL"), os.Getenv("PROXY_URL")
	questions := [][2]string{
		{detector + "/detect", picture},
		{llm + "/completion", prompt},
		{proxy + "/detect", picture},
		{proxy + "/completion", prompt},
	}
	every, err := time.ParseDuration(os.Getenv("WORKER_EVERY"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "WORKER_EVERY:", err)
		os.Exit(1)
	}
	client := &http.Client{Timeout: 5 * time.Second}
	for {
		for _, question := range questions {
			answer, err := ask(client, question[0], question[1])
			if err != nil {
				answer = err.Error()
			}
			fmt.Println("go", question[0], answer)
		}
		time.Sleep(every)
	}
}

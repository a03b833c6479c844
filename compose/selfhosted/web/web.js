// The front end. It builds its pages from data of the model server, over HTTPS, and of the application's
// API; Node reads its trust anchors by the environment.

const { createServer } = require("node:http");

const { GPU_URL, SERVER_URL } = process.env;

const get = async (url) => (await fetch(url)).json();
const models = async () => (await get(`${GPU_URL}/v1/models`)).data.map((model) => model.id);
const answers = () => get(`${SERVER_URL}/api/answers`);

// Returns the result of `work`, or the cause of its failure.
const list = async (work) => {
  const lines = await work().catch((error) => [`refused: ${(error.cause ?? error).message}`]);
  const escaped = lines.map((line) => line.replace(/&/g, "&amp;").replace(/</g, "&lt;"));
  return `<ul>${escaped.map((line) => `<li>${line}</li>`).join("")}</ul>`;
};

const page = async () => `<!doctype html>
<html lang="en">
<title>Self-hosted</title>
<style>body { font: 16px/1.5 sans-serif; margin: 2em } h1 { margin: 0 }</style>
<h1>Self-hosted</h1>
<p>The web service fetched from the model server:</p>
${await list(models)}
<p>Its answers to the other services:</p>
${await list(answers)}
</html>`;

createServer(async (_, response) => {
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.end(await page());
}).listen(3000);

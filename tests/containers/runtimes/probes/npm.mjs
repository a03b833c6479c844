// Packages of npm, each used without any TLS settings: `node npm.mjs CLIENT URL` prints the page. The code runs on
// every Node.js from 18 on, with the versions of these packages for it, and on Deno and Bun.

const get = {
  async 'aws-sdk'(url) {
    const { S3Client, GetObjectCommand } = await import('@aws-sdk/client-s3');
    const credentials = { accessKeyId: 'none', secretAccessKey: 'none' };
    const store = new S3Client({ endpoint: url, region: 'us-east-1', credentials, forcePathStyle: true, maxAttempts: 1 });
    const answer = await store.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }));
    return answer.Body.transformToString();
  },
  async axios(url) {
    const { default: axios } = await import('axios');
    return (await axios.get(url)).data;
  },
  async fetch(url) {
    return (await fetch(url)).text();
  },
  async got(url) {
    const { default: got } = await import('got');
    return got(url, { retry: { limit: 0 } }).text();
  },
  async 'grpc-js'(url) {
    const { default: grpc } = await import('@grpc/grpc-js');
    const same = (value) => value;
    const client = new grpc.Client(new URL(url).host, grpc.credentials.createSsl());
    const deadline = { deadline: Date.now() + 10000 };
    return new Promise((answer, fail) =>
      client.makeUnaryRequest('/service/method', same, same, Buffer.alloc(0), deadline, fail));
  },
  async http2(url) {
    const { connect } = await import('node:http2');
    return new Promise((answer, fail) => {
      const session = connect(url);
      session.on('error', fail);
      session.request({ ':path': '/' }).on('response', (headers) => answer(headers['grpc-message'])).resume();
    });
  },
  async https(url) {
    const { get } = await import('node:https');
    return new Promise((answer, fail) =>
      get(url, (page) => page.setEncoding('utf8').on('data', answer)).on('error', fail));
  },
  async ky(url) {
    const { default: ky } = await import('ky');
    return ky(url, { retry: 0 }).text();
  },
  async needle(url) {
    const { default: needle } = await import('needle');
    return (await needle('get', url)).body;
  },
  async 'node-fetch'(url) {
    const { default: fetch } = await import('node-fetch');
    return (await fetch(url)).text();
  },
  async openai(url) {
    const { default: OpenAI } = await import('openai');
    const client = new OpenAI({ apiKey: 'none', baseURL: url, maxRetries: 0 });
    return (await client.models.list().asResponse()).text();
  },
  async request(url) {
    const { default: request } = await import('request');
    return new Promise((answer, fail) => request(url, (error, _, body) => (error ? fail(error) : answer(body))));
  },
  async superagent(url) {
    const { default: superagent } = await import('superagent');
    return (await superagent.get(url)).text;
  },
  async undici(url) {
    const { request } = await import('undici');
    return (await request(url)).body.text();
  },
  async ws(url) {
    const { WebSocket } = await import('ws');
    // The server answers, but not with a WebSocket: the page comes with the refusal.
    return new Promise((answer, fail) =>
      new WebSocket(url.replace('https', 'wss'))
        .on('unexpected-response', (_, page) => page.setEncoding('utf8').on('data', answer))
        .on('error', fail));
  },
};

const [client, url] = process.argv.slice(2);
get[client](url).then(
  (page) => { console.log(page); process.exit(0); },
  (error) => { console.error(error); process.exit(1); },
);

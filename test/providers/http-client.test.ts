import type { RequestListener } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { HttpClient, type HttpClientOptions, NoAnswerError } from "../../src/providers/http-client.ts";
import { type AnswerFormName, answerForms, writeForm } from "../support/answer-forms.ts";
import { dripBody, type RawServer, startRawServer } from "./raw-server.ts";

async function start(handle: RequestListener, options: Partial<HttpClientOptions> = {}) {
  const server = await startRawServer(handle);
  const http = new HttpClient(options);
  return {
    server,
    get: (signal?: AbortSignal) => http.send({ method: "GET", url: server.baseUrl, headers: {}, signal }),
    post: (body: string) => http.send({ method: "POST", url: server.baseUrl, headers: {}, body }),
    [Symbol.asyncDispose]: async () => {
      await http[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const hang: RequestListener = () => {};

/** The body's end is told before its connection counts as free, and a call in between opens another. */
const freeConnection = () => nextTurn();

async function reasonOf(answer: Promise<unknown>): Promise<string> {
  const error: unknown = await answer.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(NoAnswerError);
  return (error as NoAnswerError).reason;
}

test("calls in sequence share one connection", async () => {
  await using exchange = await start((_request, response) => response.end("yes"));
  for (let call = 0; call < 5; call++) {
    expect(await exchange.get()).toMatchObject({ status: 200, body: "yes" });
    await freeConnection();
  }
  expect(exchange.server.connections).toBe(1);
});

test("a body is sent as it is", async () => {
  await using exchange = await start((request, response) => void text(request).then((body) => response.end(body)));
  expect(await exchange.post('{"grüße":1}')).toMatchObject({ body: '{"grüße":1}' });
});

test("an error status is an answer", async () => {
  await using exchange = await start((_request, response) => response.writeHead(503).end("busy"));
  expect(await exchange.get()).toEqual({
    status: 503,
    body: "busy",
    undecoded: null,
    contentType: null,
    retryAfter: null,
  });
});

test("a redirect is an answer and is not followed", async () => {
  const paths: unknown[] = [];
  await using exchange = await start((request, response) => {
    paths.push(request.url);
    response.writeHead(302, { location: "/elsewhere" }).end();
  });
  expect(await exchange.get()).toMatchObject({ status: 302 });
  expect(paths).toEqual(["/"]);
});

describe("time is bounded", () => {
  test.each<[name: string, handle: RequestListener]>([
    ["before the answer begins", hang],
    ["while its body comes", dripBody],
  ])("%s", async (_name, handle) => {
    await using exchange = await start(handle, { deadlineMs: 50 });
    expect(await reasonOf(exchange.get())).toBe("timeout");
  });

  test("also for a caller with a signal of its own", async () => {
    await using exchange = await start(hang, { deadlineMs: 50 });
    expect(await reasonOf(exchange.get(new AbortController().signal))).toBe("timeout");
  });
});

describe("size is bounded", () => {
  const limit = 100_000;
  const sized = (bytes: number): RequestListener =>
    function answer(_request, response) {
      response.setHeader("content-length", bytes).end("x".repeat(bytes));
    };
  const streamed = (bytes: number): RequestListener =>
    function answer(_request, response) {
      for (let sent = 0; sent < bytes; sent += 1_000) response.write("x".repeat(Math.min(1_000, bytes - sent)));
      response.end();
    };

  test.each([
    ["of a known length", sized],
    ["that comes in pieces", streamed],
  ])("a body %s may have as many bytes as the limit says and not one more", async (_name, body) => {
    await using fitting = await start(body(limit), { maxBodyBytes: limit });
    expect((await fitting.get()).body).toHaveLength(limit);
    await using larger = await start(body(limit + 1), { maxBodyBytes: limit });
    expect(await reasonOf(larger.get())).toBe("too_large");
  });

  test("the limit is for each answer, not for a connection", async () => {
    await using exchange = await start(streamed(limit), { maxBodyBytes: limit });
    for (let call = 0; call < 3; call++) {
      expect((await exchange.get()).body).toHaveLength(limit);
      await freeConnection();
    }
    expect(exchange.server.connections).toBe(1);
  });

  test("it is 1 MiB unless told otherwise", async () => {
    await using fitting = await start(sized(2 ** 20));
    expect((await fitting.get()).body).toHaveLength(2 ** 20);
    await using larger = await start(streamed(2 ** 20 + 1));
    expect(await reasonOf(larger.get())).toBe("too_large");
  });

  test("it counts bytes, not characters", async () => {
    await using exchange = await start((_request, response) => response.end("€".repeat(50)), { maxBodyBytes: 149 });
    expect(await reasonOf(exchange.get())).toBe("too_large");
  });

  test("it counts what comes packed, too", async () => {
    const packed = gzipSync("x".repeat(1_000), { level: 0 });
    const packing: RequestListener = (_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(packed);
    };
    await using exchange = await start(packing, { maxBodyBytes: packed.length - 1 });
    expect(await reasonOf(exchange.get())).toBe("too_large");
  });

  test.each(["gzip", null])("a bomb under the label %o is too large", async (label) => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    await using exchange = await start((_request, response) => {
      response.writeHead(200, label === null ? {} : { "content-encoding": label }).end(bomb);
    });
    expect(await reasonOf(exchange.get())).toBe("too_large");
  });

  test("a body may come in as many pieces as it has bytes", async () => {
    await using exchange = await start((_request, response) => {
      response.writeHead(200, { "transfer-encoding": "chunked" }).flushHeaders();
      response.socket!.end(`${"1\r\nx\r\n".repeat(limit)}0\r\n\r\n`);
    });
    expect((await exchange.get()).body).toBe("x".repeat(limit));
  });
});

describe("what comes packed is unpacked, and wrong labels take nothing away", () => {
  const object = { access_token: "at-1", name: "grüße" };

  test("packing is asked for", async () => {
    let accepted: unknown;
    await using exchange = await start((request, response) => {
      accepted = request.headers["accept-encoding"];
      response.end();
    });
    await exchange.get();
    expect(accepted).toBe("gzip, deflate, br, zstd");
  });

  const asJson = (Object.keys(answerForms) as AnswerFormName[]).filter((name) => !name.startsWith("as a form"));
  test.each(asJson)("%s", async (name) => {
    await using exchange = await start((_request, response) => writeForm(response, answerForms[name](object)));
    expect(JSON.parse((await exchange.get()).body)).toEqual(object);
  });

  test("an error status too", async () => {
    const body = JSON.stringify({ error: "invalid_grant" });
    await using exchange = await start((_request, response) => {
      response.writeHead(400, { "content-encoding": "gzip" }).end(gzipSync(body));
    });
    expect(await exchange.get()).toMatchObject({ status: 400, body, undecoded: null });
  });

  test("a coding that nobody knows is named", async () => {
    await using exchange = await start((_request, response) => {
      response.writeHead(200, { "content-encoding": "compress" }).end(Buffer.from([0x1f, 0x9d, 0x90, 0x61]));
    });
    expect(await exchange.get()).toMatchObject({ status: 200, undecoded: "compress" });
  });
});

describe("an object that is whole is an answer", () => {
  const object = '{"access_token":"at-1"}';
  const broken: [name: string, handle: RequestListener][] = [
    [
      "though the connection is cut before the length that was announced",
      (_request, response) => {
        response.writeHead(200, { "content-length": "100" });
        response.write(object, () => response.destroy());
      },
    ],
    [
      "though the end of its chunks does not come",
      (_request, response) => void response.write(object, () => response.destroy()),
    ],
    [
      "though more is announced and nothing comes",
      (_request, response) => void response.writeHead(200, { "content-length": "100" }).write(object),
    ],
  ];

  test.each(broken)("%s", async (_name, handle) => {
    await using exchange = await start(handle, { deadlineMs: 300 });
    expect(await exchange.get()).toMatchObject({ status: 200, body: object });
  });

  test("but not if more comes than the limit allows", async () => {
    const padded: RequestListener = (_request, response) => {
      response.write(object);
      response.end(" ".repeat(1_000));
    };
    await using exchange = await start(padded, { maxBodyBytes: 1_000 });
    expect(await reasonOf(exchange.get())).toBe("too_large");
  });

  test("but not for a caller who has given up", async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    await using exchange = await start((_request, response) => {
      response.writeHead(200, { "content-length": "100" }).write(object, () => arrive());
    });
    const stop = new AbortController();
    const answer = exchange.get(stop.signal);
    await arrived;
    // Nothing tells when the client has read what has come.
    await delay(100);
    const reason = new Error("gone");
    stop.abort(reason);
    await expect(answer).rejects.toBe(reason);
  });

  test.each(['{"access_token":"at-1"', '"at-1"', "[1]", "17", ""])("and %j is none", async (part) => {
    await using exchange = await start((_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write(part, () => response.destroy());
    });
    expect(await reasonOf(exchange.get())).toBe("unreachable");
  });
});

describe("a caller who gives up", () => {
  test.each<[name: string, handle: RequestListener]>([
    ["before the answer", hang],
    ["while the body comes", dripBody],
  ])("%s gets the reason that it gave, and the connection is cut", async (_name, handle) => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    const { promise: cut, resolve: onCut } = Promise.withResolvers<void>();
    await using exchange = await start((request, response) => {
      response.on("close", onCut);
      handle(request, response);
      arrive();
    });
    const stop = new AbortController();
    const answer = exchange.get(stop.signal);
    await arrived;
    const reason = new Error("gone");
    stop.abort(reason);
    await expect(answer).rejects.toBe(reason);
    await cut;
  });

  test("before the call sends nothing", async () => {
    let requests = 0;
    await using exchange = await start((_request, response) => response.end(String(++requests)));
    const reason = new Error("gone");
    await expect(exchange.get(AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(await exchange.get()).toMatchObject({ body: "1" });
  });
});

describe("no answer", () => {
  test("from a port where nobody listens", async () => {
    let address: string;
    {
      await using closed: RawServer = await startRawServer(hang);
      address = closed.baseUrl;
    }
    await using http = new HttpClient();
    expect(await reasonOf(http.send({ method: "GET", url: address, headers: {} }))).toBe("unreachable");
  });

  test("from a host outside, which tests cannot reach", async () => {
    await using http = new HttpClient();
    expect(await reasonOf(http.send({ method: "GET", url: "https://192.0.2.1/", headers: {} }))).toBe("unreachable");
  });

  test("when the connection is cut in the middle of the body", async () => {
    await using exchange = await start((_request, response) => {
      response.write("half", () => response.destroy());
    });
    expect(await reasonOf(exchange.get())).toBe("unreachable");
  });

  test("when the client is disposed while a call waits", async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    await using exchange = await start(() => arrive());
    const reason = reasonOf(exchange.get());
    await arrived;
    await exchange[Symbol.asyncDispose]();
    expect(await reason).toBe("unreachable");
  });
});

describe("Retry-After", () => {
  const day = 86_400;
  const future = (milliseconds: number) => new Date(Date.now() + milliseconds).toUTCString();

  async function read(value: string | string[] | null): Promise<number | null> {
    await using exchange = await start((_request, response) => {
      if (value !== null) response.setHeader("retry-after", value);
      response.writeHead(429).end();
    });
    return (await exchange.get()).retryAfter;
  }

  test.each([
    ["seconds", "7", 7],
    ["at once", "0", 0],
    ["a day", "86400", day],
    ["more than a day counts as a day", "86401", day],
    ["an absurd number counts as a day", "9".repeat(400), day],
    ["a date far away counts as a day", "Fri, 31 Dec 2199 23:59:59 GMT", day],
    ["a date that has passed", "Wed, 21 Oct 2015 07:28:00 GMT", 0],
    ["a date in the older form", "Sunday, 06-Nov-94 08:49:37 GMT", 0],
    ["none", null, null],
    ["empty", "", null],
    ["a negative number", "-5", null],
    ["a fraction", "1.5", null],
    ["a number with a unit", "5 s", null],
    ["a year, which is not a date", "2099-01-01", null],
    ["another form of date", "2099-01-01T00:00:00Z", null],
    ["a date of nonsense", "Wed, 99 Foo 2015 07:28:00 GMT", null],
    ["words", "in 5", null],
    ["two of them", ["5", "6"], null],
  ])("%s", async (_name, value, seconds) => {
    expect(await read(value)).toBe(seconds);
  });

  test("a date is the time that is left until then", async () => {
    const seconds = await read(future(90_000));
    expect(seconds).toBeGreaterThan(60);
    expect(seconds).toBeLessThanOrEqual(90);
  });
});

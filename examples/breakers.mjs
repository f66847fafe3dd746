// @ts-check
// kvmon's breakers for Node 18 and newer (and TypeScript, by these types), from memory, without packages. Beside ioredis:
//
//   const breakers = new Breakers();
//   if (breakers.allow("sessions", "write")) await redis.set("greeting", "hello");
//   const user = await breakers.guard("sessions", "read", () => redis.get("user:1"));
//
// Unless told otherwise, what is unknown is allowed: kvmon being away stops nobody.

/** @typedef {"read" | "write"} Op */
/** @typedef {{target: string, op: Op, shard: string, state: string, advice: "allow" | "limit" | "deny", permit_ratio: number,
 *   retry_after_ms: number, reason_class: string | null}} Breaker */

/** The call was not tried. */
export class BreakerOpen extends Error {
  /** @param {string} target @param {Op} op @param {Breaker | undefined} breaker */
  constructor(target, op, breaker) {
    super(`the breaker of ${target} denies ${op}: ${breaker?.reason_class ?? "unknown"}`);
    this.retryAfterMs = breaker?.retry_after_ms ?? 0;
  }
}

export class Breakers {
  /** @type {Map<string, Breaker>} */ #known = new Map();
  #validUntil = 0;
  #over = new AbortController();

  /** @param {{url?: string, token?: string, whenUnknown?: (target: string, op: Op) => boolean}} [options] */
  constructor({ url = process.env.KVMON_URL ?? "http://127.0.0.1:9121", token, whenUnknown = () => true } = {}) {
    this.url = url.replace(/\/$/, "");
    this.headers = { Accept: "text/event-stream", ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    this.whenUnknown = whenUnknown;
    this.#follow();
  }

  /** Whether to try it now: the worst shard answers. @param {string} target @param {Op} [op] @returns {boolean} */
  allow(target, op = "read") {
    const found = this.#worst(target, op);
    if (!found) return this.whenUnknown(target, op);
    return found.advice === "allow" || (found.advice === "limit" && Math.random() < found.permit_ratio);
  }

  /** @template T @param {string} target @param {Op} op @param {() => Promise<T>} call @returns {Promise<T>} */
  async guard(target, op, call) {
    if (!this.allow(target, op)) throw new BreakerOpen(target, op, this.#worst(target, op));
    return call();
  }

  close() {
    this.#over.abort();
  }

  /** @param {string} target @param {Op} op @returns {Breaker | undefined} */
  #worst(target, op) {
    if (performance.now() >= this.#validUntil) return undefined;
    const mine = [...this.#known.values()].filter((b) => b.target === target && b.op === op);
    const sure = mine.filter((b) => b.state !== "unknown" || b.advice !== "allow");
    return sure.sort((a, b) => a.permit_ratio - b.permit_ratio)[0];
  }

  async #follow() {
    for (let wait = 250; !this.#over.signal.aborted; wait = Math.min(wait * 2, 4000)) {
      try {
        for await (const [kind, data] of this.#events()) {
          if (kind === "snapshot") this.#known = new Map(data.breakers.map((/** @type {Breaker} */ b) => [key(b), b]));
          else if (kind === "change") this.#known.set(key(data.breaker), data.breaker);
          this.#validUntil = performance.now() + (data.valid_for_ms ?? 10_000);
          wait = 250;
        }
      } catch {
        // The lease decides until when what is known may be believed.
      }
      await new Promise((done) => setTimeout(done, wait).unref());
    }
  }

  /** Events of the stream, until it ends or five seconds are silent. @returns {AsyncGenerator<[string, any]>} */
  async *#events() {
    const silence = new AbortController();
    const give = () => silence.abort();
    this.#over.signal.addEventListener("abort", give);
    let timer = setTimeout(give, 5000).unref();
    try {
      const answer = await fetch(`${this.url}/v1/events`, { headers: this.headers, signal: silence.signal });
      if (!answer.ok || !answer.body) return;
      let text = "";
      for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
        timer.refresh();
        const parts = (text + piece).split("\n\n");
        text = parts.pop() ?? "";
        for (const part of parts) {
          const fields = Object.fromEntries(part.split("\n").map((line) => line.split(/: ?(.*)/s)));
          if (fields.data) yield [fields.event, JSON.parse(fields.data)];
        }
      }
    } finally {
      clearTimeout(timer);
      this.#over.signal.removeEventListener("abort", give);
      silence.abort();
    }
  }
}

/** @param {Breaker} b */
const key = (b) => `${b.target}\n${b.op}\n${b.shard}`;

// node breakers.mjs TARGET OP: prints allow or deny at each change.
if (process.argv[1] && import.meta.url === `file://${process.argv[1]}`) {
  const [target, op] = /** @type {[string, Op]} */ (process.argv.slice(2));
  const breakers = new Breakers();
  let last = "";
  setInterval(() => {
    const now = breakers.allow(target, op) ? "allow" : "deny";
    if (now !== last) console.log((last = now));
  }, 50);
}

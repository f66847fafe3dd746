// An application on ioredis that counts visits, and goes on while the server is away: npm install && npm run build && npm start
// What it does now is printed whenever that changes.
import { Redis } from "ioredis";
import { BreakerOpen, Breakers } from "../breakers.mjs";

const target = process.env.REDIS_TYPE ?? "redis"; // kvmon's name for the server
const [host, port] = (process.env.REDIS_HOST ?? "127.0.0.1").split(":");

const breakers = new Breakers();
const redis = new Redis({
  host,
  port: Number(port ?? 6379),
  password: process.env.REDIS_PASSWORD,
  // Breakers find out that a server is gone, so calls need not: they neither wait for a connection nor are tried for long.
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  commandTimeout: 1000,
  retryStrategy: () => 250,
});
redis.on("error", () => {}); // without a listener it would be printed at each try

let kept = 0; // visits that the server was not told yet

/** Count one; what it came to. */
async function visit(): Promise<string> {
  const now = ++kept;
  try {
    await breakers.guard(target, "write", () => redis.incrby("visits", now));
    kept -= now;
    return "counted";
  } catch (error) {
    return error instanceof BreakerOpen ? "kept" : "failed";
  }
}

let last = "";
for (;;) {
  const word = await visit();
  if (word !== last) console.log((last = word));
  await new Promise((done) => setTimeout(done, 50));
}

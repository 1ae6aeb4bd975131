/**
 * A stand-in for `pulumi-language-nodejs`, for machines without Pulumi's release: the language host is no Go
 * module of its own. The engine starts it with its own address and reads the port from standard output.
 */
import { serveLanguage } from './server.ts';

/** How often to look whether the engine that started us still lives. */
const PARENT_CHECK_MS = 2000;

const engineAddress = process.argv.slice(2).find((argument) => !argument.startsWith('-'));
if (engineAddress === undefined) {
  throw new Error('pulumi-language-nodejs is started by the Pulumi engine, with its address as argument');
}
const engine = process.ppid;
const stop = new AbortController();
setInterval(() => {
  if (process.ppid === engine) return;
  stop.abort();
  process.exit(1);
}, PARENT_CHECK_MS).unref();

process.stdout.write(`${await serveLanguage({ engineAddress, signal: stop.signal })}\n`);

import { setFlagsFromString } from 'node:v8'

/**
 * Makes a process ready to read files once and end: call it before the engine is built. V8 compiles what is warm on threads of its own;
 * in a run of seconds a quarter of all CPU time goes there. It is told to wait for code that is truly hot, and to inline less of it.
 * Never in a server, where what is compiled is used for days. Source: measured, `npm run bench -- detect-nginx`.
 */
export const prepareReplay = (): void => {
  setFlagsFromString('--interrupt-budget=400000')
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=300')
  // under a flood V8 lets the heap grow to three times what is alive before it looks
  setFlagsFromString('--heap-growing-percent=60')
}

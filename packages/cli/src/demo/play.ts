import { setTimeout as sleep } from 'node:timers/promises'
import { isBlocked, sendRequest } from './send-request.js'
import type { DemoLabel, DemoRequest, DemoScene } from './traffic.js'

/** How the demo went so far. */
export type DemoTally = {
  readonly sent: number
  /** requests that the guard refused with 403, by what their sender was up to */
  readonly refused: Readonly<Partial<Record<DemoLabel, number>>>
}

/** What {@link play} needs from outside. */
export type PlayOptions = {
  readonly shop: string
  readonly requests: readonly DemoRequest[]
  readonly scenes: readonly DemoScene[]
  /** ends the demo early */
  readonly signal: AbortSignal
  readonly onScene: (scene: DemoScene, tally: DemoTally) => void
}

/** Plays the traffic at its own pace. Resolves with the tally when it is over or was ended. */
export const play = async ({ shop, requests, scenes, signal, onScene }: PlayOptions): Promise<DemoTally> => {
  const started = performance.now()
  const jars = new Map<string, string>()
  const refused: Partial<Record<DemoLabel, number>> = {}
  const open = new Set<Promise<void>>()
  let sent = 0
  let scene = 0
  const judge = async (request: DemoRequest): Promise<void> => {
    // a request that the shop did not answer is neither refused nor let through
    const status = await sendRequest(shop, request, jars).catch(() => 0)
    if (isBlocked(status)) refused[request.label] = (refused[request.label] ?? 0) + 1
  }
  for (const request of requests) {
    for (let next = scenes[scene]; next !== undefined && next.at <= request.at; next = scenes[++scene]) onScene(next, { sent, refused })
    const wait = request.at - (performance.now() - started)
    if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) break
    sent++
    const answer = judge(request).finally(() => open.delete(answer))
    open.add(answer)
  }
  await Promise.all(open)
  return { sent, refused }
}

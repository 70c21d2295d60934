/** Who waits for a proof; several acts may wait for one. */
let waiting: ((proved: boolean) => void)[] = []
const listeners = new Set<() => void>()

const tell = (): void => {
  for (const listener of listeners) listener()
}

/** Asks the operator to prove who he is; true when he did, false when he would not. */
export const askStepUp = (): Promise<boolean> =>
  new Promise((resolve) => {
    waiting = [...waiting, resolve]
    tell()
  })

/** Answers everybody who waits. */
export const answerStepUp = (proved: boolean): void => {
  const asked = waiting
  waiting = []
  for (const resolve of asked) resolve(proved)
  tell()
}

/** For the part that shows the dialog. */
export const stepUpStore = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
  isAsked: (): boolean => waiting.length > 0,
}

import type { ServerOptions } from 'node:https'
import { createStudio, SERVER_OPTIONS, type Studio, type StudioOptions } from '@parapet/example-studio'
import type { Fault } from './fault.js'
import { FAULTS } from './faults/index.js'

/** The studio with faults switched on. `server` are the options of the server that it has to stand behind. */
export type Leaky = Studio & { readonly faults: readonly Fault[]; readonly server: ServerOptions }

/** Which faults: the set that can be found in one run, the ones that hide others, or those of these names. */
export type FaultChoice = 'all' | 'apart' | readonly string[]

/** The faults chosen, and those that they are nothing without, in the order of the list. Throws for a name that is none. */
export const chooseFaults = (choice: FaultChoice): readonly Fault[] => {
  const names =
    typeof choice === 'string'
      ? FAULTS.filter(({ apart }) => (apart !== undefined) === (choice === 'apart')).map(({ name }) => name)
      : choice
  const chosen = new Set<string>()
  const take = (name: string): void => {
    const fault = FAULTS.find((one) => one.name === name)
    if (fault === undefined)
      throw new Error(`There is no fault ${JSON.stringify(name)}; there are ${FAULTS.map((one) => one.name).join(', ')}`)
    if (chosen.has(name)) return
    chosen.add(name)
    for (const other of fault.takes ?? []) take(other)
  }
  for (const name of names) take(name)
  return FAULTS.filter(({ name }) => chosen.has(name))
}

/** What the server is made with for these faults. */
export const serverOptionsOf = (faults: readonly Fault[]): ServerOptions =>
  Object.assign({ ...SERVER_OPTIONS }, ...faults.map(({ server }) => server)) as ServerOptions

/** Builds the studio with these faults. Never let anybody but a test reach it. */
export const createLeaky = async (options: StudioOptions, choice: FaultChoice): Promise<Leaky> => {
  const faults = chooseFaults(choice)
  const studio = await createStudio({
    ...options,
    guard: (given) => faults.reduce((weakened, fault) => fault.guard?.(weakened) ?? weakened, given),
    before: (app, parts) => {
      for (const fault of faults) fault.before?.(app, parts)
    },
  })
  return { ...studio, faults, server: serverOptionsOf(faults) }
}

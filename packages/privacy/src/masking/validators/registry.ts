import { personalValidators } from './personal/index.js'
import { secretValidators } from './secret/index.js'
import type { Validator } from './validator.js'

const ALL: ReadonlyMap<string, Validator> = new Map([...Object.entries(personalValidators), ...Object.entries(secretValidators)])

/** The validator of a name that rules use, such as `luhn`; `undefined` when none is called so. */
export const findValidator = (name: string): Validator | undefined => ALL.get(name)

/** The names of all validators, sorted. */
export const validatorNames = (): readonly string[] => [...ALL.keys()].toSorted()

import { ParapetError } from '@parapet/core'
import type { KekProvider } from '../types.js'
import { kekFromMaster, readMaster } from './local-kek.js'

/** A KEK in an environment variable. Throws PPT_KEK when the variable is not set or holds no key. */
export const createEnvKek = (name: string, env: Readonly<Record<string, string | undefined>>): KekProvider => {
  const uri = `env:${name}`
  const value = env[name]
  // what every object has, such as `constructor`, is no variable
  if (typeof value !== 'string' || value === '') throw new ParapetError('PPT_KEK', `${uri} is not set`)
  return kekFromMaster(readMaster(Buffer.from(value), uri), uri)
}

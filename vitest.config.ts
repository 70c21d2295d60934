import process from 'node:process'
import { defineConfig } from 'vitest/config'

/** Tests read the sources of every package through the `source` export condition, never a stale `dist`. */
const conditions = ['source', 'node']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/*/src/**/*.test.{ts,tsx}', 'examples/*/src/**/*.test.ts', 'tests/**/*.test.ts'],
    server: { deps: { inline: [/@parapet\//] } },
    testTimeout: 30_000,
    // the first start of a PostgreSQL on a busy machine
    hookTimeout: 60_000,
    maxWorkers: 2,
    // CI shares its machine: a test that a neighbour kept waiting gets another try there, one that fails three times is broken
    retry: process.env['CI'] === 'true' ? 2 : 0,
  },
})

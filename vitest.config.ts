import { defineConfig } from 'vitest/config'

/** Tests read the sources of every package through the `source` export condition, never a stale `dist`. */
const conditions = ['source']

export default defineConfig({
  resolve: { conditions: [...conditions, 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: [...conditions, 'node', 'import', 'default'], externalConditions: conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/console/src/**/*.test.tsx', 'tests/**/*.test.ts'],
    server: { deps: { inline: [/@parapet\//] } },
    testTimeout: 20_000,
    maxWorkers: 2,
  },
})

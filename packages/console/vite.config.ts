import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Builds the site that the control plane serves. `outDir` is where its static route looks. */
export default defineConfig({
  base: '/',
  plugins: [react(), tailwindcss()],
  // the words of core come from its sources, so that a build never reads a stale dist
  resolve: { conditions: ['source', 'module', 'browser', 'default'] },
  build: {
    outDir: 'dist/site',
    emptyOutDir: true,
    target: 'es2023',
    // a data: font or script would need a wider policy than 'self'
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // core is pure: what the console does not use of it (randomness, node: imports) is left out
      treeshake: { moduleSideEffects: (id) => !/[\\/]packages[\\/]core[\\/]/.test(id) },
    },
  },
})

/** Builds the single page application into dist/ui, and serves it in development beside a running control plane. */
import tailwindcss from '@tailwindcss/vite'
import { defineConfig } from 'vite'
import solid from 'vite-plugin-solid'

const controlPlane = process.env['ATALAYA_URL'] ?? 'http://127.0.0.1:8080'

export default defineConfig({
  root: 'ui',
  plugins: [solid(), tailwindcss()],
  build: {
    outDir: '../dist/ui',
    emptyOutDir: true,
    target: 'es2023',
    // a data: URI would need a wider content security policy
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': { target: controlPlane, changeOrigin: false } } },
})

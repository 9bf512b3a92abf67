import path from 'node:path';
import { defineConfig } from 'vite';

/** The script decides between light and dark: nothing is painted before it ran, so that no page flashes white at night. */
function holdFirstPaint(html: string): string {
  return html.replace('<script type="module"', '<script type="module" blocking="render"');
}

/** The pages: `client/` → `dist/client/`. Everything is a file of its own, since the pages forbid inline scripts and styles. */
export default defineConfig({
  root: path.join(import.meta.dirname, 'client'),
  base: '/',
  build: {
    outDir: path.join(import.meta.dirname, 'dist/client'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    sourcemap: false,
  },
  plugins: [{ name: 'no-flash', transformIndexHtml: { order: 'post', handler: holdFirstPaint } }],
  logLevel: 'warn',
});

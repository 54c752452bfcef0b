/** The description of the API (OpenAPI 3.1), made from the routes themselves, and its page that works offline. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Context, Hono } from 'hono'
import { generateSpecs } from 'hono-openapi'
import type { HttpEnv } from './index.ts'
import { KEY_PARAMETER } from './once.ts'
import { version } from './version.ts'

/** The document, by a handler that reads the routes at its first call. */
export function openapi(api: Hono<HttpEnv>) {
  let document: Promise<object> | null = null
  return async (c: Context) => c.json(await (document ??= describe(api)))
}

async function describe(api: Hono<HttpEnv>): Promise<object> {
  const document = await generateSpecs(api, {
    excludeStaticFile: false,
    defaultValidationErrorResponse: false,
    exclude: ['/api/v1/openapi.json'],
    documentation: {
      info: {
        title: 'Atalaya',
        version,
        description: 'Multi-cloud management with its own billing. Errors are problem+json; lists have cursors.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      security: [{ apiKey: [] }, { session: [] }],
      components: {
        securitySchemes: {
          apiKey: { type: 'http', scheme: 'bearer', description: 'The API key of the data folder, or another' },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: 'atalaya_session',
            description: 'Over https its name is __Host-atalaya_session',
          },
        },
      },
    },
  })
  for (const { post } of Object.values(document.paths))
    if (post && !('x-repeatable' in post)) post.parameters = [...(post.parameters ?? []), KEY_PARAMETER]
  return document
}

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Atalaya API</title>
<link rel="stylesheet" href="/api/reference/swagger-ui.css">
</head>
<body>
<main id="reference"></main>
<script src="/api/reference/swagger-ui-bundle.js"></script>
<script src="/api/reference/start.js"></script>
</body>
</html>
`

/** A file of its own, because the policy of our pages allows no script inside the page. */
const START = `SwaggerUIBundle({
  url: '/api/v1/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
})
`

const bundle = (name: string) =>
  Bun.file(join(dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json'))), name))

export const reference = () =>
  new Hono()
    .get('/', (c) => c.html(PAGE))
    .get('/start.js', (c) => c.body(START, 200, { 'content-type': 'text/javascript; charset=utf-8' }))
    .get('/swagger-ui.css', () => new Response(bundle('swagger-ui.css')))
    .get('/swagger-ui-bundle.js', () => new Response(bundle('swagger-ui-bundle.js')))

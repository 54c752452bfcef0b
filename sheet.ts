import { launchBrowser } from './test/setup/browser.ts'
const [out, ...files] = process.argv.slice(2)
const b = (await launchBrowser())!
const p = await b.newPage({ viewport: { width: 1460, height: 800 } })
const fs = await import('node:fs')
const img = files
  .map(
    (f) =>
      `<img style="border:1px solid red;vertical-align:top" src="data:image/png;base64,${fs.readFileSync(f).toString('base64')}">`,
  )
  .join('')
await p.setContent(
  `<body style="margin:0;white-space:nowrap;width:max-content;zoom:${process.env.ZOOM ?? 1}">${img}</body>`,
)
await p.locator('body').screenshot({ path: out })
await b.close()

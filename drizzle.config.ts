/** Where drizzle-kit finds the tables of each slice and puts the migrations. */
import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'postgresql',
  schema: './control-plane/*/schema.ts',
  out: './control-plane/db/migrations',
})

/** The text of an XML document → nodes: bounded, and without entities of its own. */
import { XMLParser } from 'fast-xml-parser'
import { badAnswer, isNode, type Node, own, refuseNul } from './xml.ts'

const LIMITS = { characters: 4 * 1024 * 1024, depth: 64 } as const

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  textNodeName: '#text',
  parseTagValue: false,
  parseAttributeValue: false,
  maxNestedTags: LIMITS.depth,
})

/** The root element of a document, which must have this name. */
export function parseXml(text: string, root: string): Node {
  if (text.length > LIMITS.characters) throw badAnswer(`a ${root} of ${text.length} characters`)
  // libvirt writes none; with them a small text could unfold into a large one
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) throw badAnswer(`a ${root} with a document type`)
  refuseNul(text, root)
  let document: unknown
  try {
    document = parser.parse(text)
  } catch (error) {
    throw badAnswer(`a ${root} that isn't XML (${error instanceof Error ? error.message.slice(0, 200) : 'unknown'})`)
  }
  const node = isNode(document) ? own(document, root) : undefined
  if (!isNode(node)) throw badAnswer(`no <${root}>`)
  return node
}

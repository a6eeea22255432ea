#include "comm/tag_parts.h"

#include "comm/tag.h"

namespace interlock::comm {

TagParts parts_of_tag(int value) {
  TagParts parts;
  if (value < 0) return parts;
  parts.micro_batch = value & 0xfff;
  const int batch = value >> 12 & 0xf;
  if (value == Tag::activation(parts.micro_batch, batch).value() ||
      value == Tag::targets(parts.micro_batch, batch).value())
    parts.kind = TagParts::Kind::kActivation;
  if (value == Tag::tied_gradient().value()) {
    parts.kind = TagParts::Kind::kTied;
    return parts;
  }
  const int hops = value >> 16 & 0xfff;
  if (value == Tag::gradient(hops, parts.micro_batch, batch).value()) {
    parts.kind = TagParts::Kind::kGradient;
    parts.hops = hops;
  }
  return parts;
}

}  // namespace interlock::comm

#include "core/game/game.hpp"

namespace shapcpp {

Score grand_coalition(Game& game) {
  game.clear();
  for (std::size_t player = 0; player < game.n_players(); ++player)
    game.join(static_cast<std::int64_t>(player));
  Score result{std::vector<std::int64_t>(game.width()), {}};
  result.open = game.score(result.values);
  return result;
}

}  // namespace shapcpp
